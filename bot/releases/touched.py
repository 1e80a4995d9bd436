"""A first-parent line → which of its commits touched a path, or deleted something in a folder; worked out once for a line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from heapq import heapify, heappop, heappush

from bot.releases.release import Commit, FileChange


@dataclass(frozen=True, slots=True)
class Touched:
    """Positions in the line (0: newest), ascending: by path with the change, and of deletions by folder."""

    log: Sequence[Commit]
    by_path: Mapping[str, Sequence[tuple[int, FileChange]]]
    gone_from: Mapping[str, Sequence[int]]


class _Same:
    """A line, the same only as itself: comparing thirty thousand commits would cost more than it saves."""

    def __init__(self, log: Sequence[Commit]) -> None:
        self.log = log

    def __hash__(self) -> int:
        return id(self.log)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.log is other.log


def touched(log: Sequence[Commit]) -> Touched:
    """Return the line's index."""
    return _indexed(_Same(log))


@lru_cache(maxsize=4)
def _indexed(line: _Same) -> Touched:
    by_path: dict[str, list[tuple[int, FileChange]]] = {}
    gone_from: dict[str, list[int]] = {}
    for position, commit in enumerate(line.log):
        for change in commit.files:
            by_path.setdefault(change.path, []).append((position, change))
            if change.after is None:
                gone_from.setdefault(change.path.rpartition("/")[0], []).append(position)
    return Touched(line.log, by_path, gone_from)


class Walk:
    """Goes down the line over the commits that matter; paths may be added on the way."""

    def __init__(self, index: Touched, paths: Iterable[str], folders: Iterable[str]) -> None:
        self._index, self._last = index, -1
        found = {position for path in paths for position, _ in index.by_path.get(path, ())}
        self._waiting = [*found, *(position for folder in folders for position in index.gone_from.get(folder, ()))]
        heapify(self._waiting)

    def follow(self, path: str) -> None:
        """Stop, from here on, at the commits that touched this path too."""
        for position, _ in self._index.by_path.get(path, ()):
            if position > self._last:
                heappush(self._waiting, position)

    def __iter__(self) -> Iterator[Commit]:
        while self._waiting:
            position = heappop(self._waiting)
            if position > self._last:
                self._last = position
                yield self._index.log[position]
