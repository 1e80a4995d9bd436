"""The crash matrix: every way × every effect of it × its worker dies, or is held up, right after it; on SQLite or on PostgreSQL."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.postgres import Server
from tests.reconciler.pair import Blow, doubled, lived
from tests.reconciler.test_kills import Way


@dataclass(frozen=True)
class Cell:
    """What became of one: `differs` names what is otherwise than undisturbed, `doubled` what there is more of."""

    way: str
    place: str
    pauses: bool
    differs: tuple[str, ...]
    doubled: tuple[str, ...]

    def __str__(self) -> str:
        how = "held up" if self.pauses else "killed"
        return f"{self.way}, {how} after {self.place}: {', '.join((*self.differs, *self.doubled)) or 'the same'}"


def cells(name: str, way: Way, folder: Path, server: Server | None = None, every: int = 1, first: int = 0) -> Iterator[Cell]:
    """Live through each, or each so-manyth of them. `server`: PostgreSQL, else SQLite. What is expected is SQLite's end, undisturbed."""
    whole = Blow()
    expected = _lived(way, folder, whole, None)
    assert tuple(end for _, end, _ in expected["incidents"]) == way.ends, f"{name} ends otherwise: {expected['incidents']}"
    points = [number for number, effect in enumerate(whole.seen) if whole.seen.index(effect) == number]
    for number, pauses in [(number, pauses) for number in points for pauses in (False, True)][first::every]:
        found = _lived(way, folder, Blow(number, pauses), server)
        differs = tuple(part for part in expected if found[part] != expected[part])
        yield Cell(name, whole.seen[number], pauses, differs, tuple(doubled(expected, found)))


def _lived(way: Way, folder: Path, blow: Blow, server: Server | None) -> dict[str, Any]:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with _database(server) as url:
        return lived(way, folder, blow, url)


@contextmanager
def _database(server: Server | None) -> Iterator[str]:
    url = server.create() if server else ""
    try:
        yield url
    finally:
        if server:
            server.drop(url.rsplit("/", 1)[1])
