"""Git in memory answers as Git does: the same story told to both, the same questions, the same answers but for names."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bot.adapters.git import GitRepository
from bot.changes.change import Change
from bot.errors import Refused, Stale
from bot.world import story
from bot.world.clock import VirtualClock
from bot.world.origin import Origin
from bot.world.story import ToldCommit
from tests.reconciler.memory import MemoryOrigin, MemoryRepository

ADA = "Ada Byron <ada@shop.example>"
PATH = "apps/checkout/overlays/prod/kustomization.yaml"
BRANCH = "rollbot/prod/checkout/a-1"


class Place:
    """An origin and a repository over it, asked side by side with another of the other kind."""

    def __init__(self, folder: Path, real: bool) -> None:
        told = story.load(story.SHOP)
        self.clock = VirtualClock(told.start)
        self.origin = (Origin if real else MemoryOrigin)(folder / "shop.git", told.branch)
        self.origin.tell(told.history)
        self.repository: Any = (
            GitRepository(self.origin.folder.as_uri(), told.branch, folder / "cache", now=self.clock.now)
            if real
            else MemoryRepository(self.origin.folder.as_uri(), self.origin, self.clock)  # type: ignore[arg-type]
        )
        self.repository.fetch()
        self.start = self.origin.head()

    def change(self, text: str = "x\n", base: str | None = None) -> Change:
        files = {PATH: text.encode(), ".rollbot/quarantine/a.yaml": b"a: 1\n"}
        return Change(
            BRANCH, "main", base or self.repository.resolve("main"), "Roll back\n\nRollback-Service: checkout\n", files, "", "", ""
        )  # type: ignore[arg-type]

    def said(self, act: Callable[[], Any]) -> Any:
        try:
            answer = act()
        except (Refused, Stale) as error:
            return type(error).__name__
        return type(answer).__name__

    def seen(self) -> dict[str, Any]:
        self.repository.fetch()
        head = self.repository.resolve("main")
        log = self.repository.log(head)
        tree = self.repository.tree(head)
        return {
            "tree": {path: self.repository.blobs()[blob] for path, blob in tree.items()},
            "blobs": sorted(tree.values()),
            "log": [(c.time, c.author, c.email, c.message, [(f.path, f.before, f.after) for f in c.files]) for c in log],
            "parents": [c.parent is None for c in log],
            "branches": self.origin.branches(),
            "every": sorted(self.origin.message(sha).rstrip() for sha in self.origin.every()),
            "touched": [self.origin.touched(c.sha) for c in log],
            "modes": [self.repository.mode(head, path) for path in (PATH, "nowhere", ".rollbot.yaml")],
            "line": [(at, subject) for _, at, subject in self.origin.log()],
            "contains": [self.repository.contains(head, self.start), self.repository.contains(self.start, head)],
        }


def _note(place: Place) -> None:
    place.origin.tell([ToldCommit(place.clock.now(), ADA, "Note it\n", {"NOTES.md": "a\n"})])


def _twice(place: Place) -> list[Any]:
    change = place.change()
    return [place.repository.write(change) == place.repository.write(change)]


def _merged(place: Place) -> list[Any]:
    base = place.repository.resolve("main")
    head = place.repository.write(place.change())
    return [place.said(lambda: place.repository.advance("main", base, head)) for _ in range(2)]


def _moved_base(place: Place) -> list[Any]:
    change = place.change()
    _note(place)
    return [place.said(lambda: place.repository.write(change))]


def _moved_target(place: Place) -> list[Any]:
    base = place.repository.resolve("main")
    head = place.repository.write(place.change())
    _note(place)
    return [place.said(lambda: place.repository.advance("main", base, head))]


def _by_hand(place: Place) -> list[Any]:
    place.repository.write(place.change())
    _note(place)
    place.clock.advance(60)
    place.origin.merge(BRANCH, ADA, place.clock.now())
    return []


def _person_on_ours(place: Place) -> list[Any]:
    place.repository.write(place.change())
    place.origin.tell([ToldCommit(place.clock.now(), ADA, "Better\n", {PATH: "y\n"})], BRANCH)
    place.repository.fetch()
    return [place.said(lambda: place.repository.write(place.change("z\n")))]


def _anew(place: Place) -> list[Any]:
    first = place.repository.write(place.change())
    return [place.repository.write(place.change("z\n")) == first]


def _deleted(place: Place) -> list[Any]:
    head = place.repository.write(place.change())
    place.repository.delete(BRANCH, head)
    return [place.said(lambda: place.repository.delete(BRANCH, head)), place.repository.remote_head(BRANCH)]


def _nothing(place: Place) -> list[Any]:
    head = place.origin.head()
    same = place.origin.read([(head, PATH)])[0]  # type: ignore[list-item]
    change = place.change()
    empty = Change(change.branch, "main", change.base, "x\n", {PATH: same}, "", "", "")
    return [place.said(lambda: place.repository.write(empty)), place.said(lambda: place.repository.resolve("nowhere"))]


@pytest.mark.parametrize(
    "happens",
    [_note, _twice, _merged, _moved_base, _moved_target, _by_hand, _person_on_ours, _anew, _deleted, _nothing],
    ids=lambda f: f.__name__,
)
def test_memory_answers_as_git(happens: Callable[[Place], Any], tmp_path: Path) -> None:
    places = [Place(tmp_path / name, real) for name, real in (("git", True), ("memory", False))]
    said = [happens(place) for place in places]
    seen = [place.seen() for place in places]
    for place in places:
        place.repository.close()

    assert said[0] == said[1]
    assert seen[0] == seen[1]
