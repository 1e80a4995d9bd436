"""A first-parent line → which of its commits touched a path, or deleted something in a folder; worked out once for a line."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush

from bot.refs import Sha
from bot.releases.release import Commit, FileChange

TRAILER = "Rollback-"
_KEPT = 4


@dataclass(frozen=True, slots=True)
class Touched:
    """Positions in the line, newest first: by path with the change, of deletions by folder, and of commits with trailers of ours.

    They are counted from the line's end (-1: its oldest commit), so that they stay the same when commits come on top.
    """

    log: Sequence[Commit]
    by_path: Mapping[str, Sequence[tuple[int, FileChange]]]
    gone_from: Mapping[str, Sequence[int]]
    ours: Sequence[int]


_lately: OrderedDict[int, Touched] = OrderedDict()
"""By the identity of the line, which the index keeps alive: comparing thirty thousand commits would cost more than it saves."""


def touched(log: Sequence[Commit]) -> Touched:
    """Return the line's index."""
    found = _lately.get(id(log))
    return found or _kept(_indexed(log, log))


def grown(log: Sequence[Commit], new: Sequence[Commit]) -> Sequence[Commit]:
    """Return the line with new commits on top; where the older one has an index, the longer one's is made of it."""
    longer = (*new, *log)
    if older := _lately.get(id(log)):
        top = _indexed(new, longer)
        by_path = {**older.by_path, **{path: [*found, *older.by_path.get(path, ())] for path, found in top.by_path.items()}}
        gone_from = {**older.gone_from, **{folder: [*found, *older.gone_from.get(folder, ())] for folder, found in top.gone_from.items()}}
        _kept(Touched(longer, by_path, gone_from, [*top.ours, *older.ours]))
    return longer


def _kept(index: Touched) -> Touched:
    _lately[id(index.log)] = index
    while len(_lately) > _KEPT:
        _lately.popitem(last=False)
    return index


def _indexed(commits: Sequence[Commit], log: Sequence[Commit]) -> Touched:
    """Index the line's newest commits."""
    by_path: dict[str, list[tuple[int, FileChange]]] = {}
    gone_from: dict[str, list[int]] = {}
    for position, commit in enumerate(commits, -len(log)):
        for change in commit.files:
            by_path.setdefault(change.path, []).append((position, change))
            if change.after is None:
                gone_from.setdefault(change.path.rpartition("/")[0], []).append(position)
    ours = [position for position, commit in enumerate(commits, -len(log)) if TRAILER in commit.message]
    return Touched(log, by_path, gone_from, ours)


def among(log: Iterable[Commit], wanted: Collection[Sha]) -> Iterator[Commit]:
    """Yield the wanted commits of a line in its order, looking no further down it than the last of them."""
    left = set(wanted)
    for commit in log if left else ():
        if commit.sha in left:
            yield commit
            left.remove(commit.sha)
            if not left:
                return


class Walk:
    """Goes down the line over the commits that matter; paths may be added on the way."""

    def __init__(self, index: Touched, paths: Iterable[str], folders: Iterable[str]) -> None:
        self._index, self._last = index, -len(index.log) - 1
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
