"""A commit → its first-parent line, from what is kept and what git adds to it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import overload

from bot.adapters.git.blobs import Blobs
from bot.adapters.git.brought import CONTAINS, brought
from bot.adapters.git.lines import Lines, Piece
from bot.adapters.git.log import COMMAND, commit, records
from bot.adapters.git.run import Git, Stream
from bot.adapters.git.trees import Trees
from bot.adapters.git.walk import walked
from bot.errors import Unavailable
from bot.refs import Sha
from bot.releases.release import Commit

WHOLE = "whole"
"""The scope of a repository whose commits have the parents that they name."""

_PIECE = 1 << 20
_CHUNK = 1 << 18


class Line(Sequence[Commit]):
    """Commits newest first, read as far as they are looked at. Safe to share between threads."""

    def __init__(self, source: Iterable[Commit]) -> None:
        self._source: Iterator[Commit] | None = iter(source)
        self._read: list[Commit] = []
        self._lock = threading.Lock()

    def _reach(self, size: int | None) -> None:
        with self._lock:
            while self._source is not None and (size is None or len(self._read) < size):
                try:
                    self._read.append(next(self._source))
                except StopIteration:
                    self._source = None

    def __len__(self) -> int:
        self._reach(None)
        return len(self._read)

    @overload
    def __getitem__(self, at: int) -> Commit: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Commit]: ...
    def __getitem__(self, at: int | slice) -> Commit | Sequence[Commit]:
        bounded = at >= 0 if isinstance(at, int) else at.stop is not None and at.stop >= 0 and (at.start or 0) >= 0 and (at.step or 1) > 0
        stop = at if isinstance(at, int) else at.stop
        self._reach(stop + 1 if bounded else None)
        return self._read[at]

    def __iter__(self) -> Iterator[Commit]:
        at = 0
        while True:
            if at >= len(self._read):
                self._reach(at + 1)
                if at >= len(self._read):
                    return
            yield self._read[at]
            at += 1


def line(git: Git, blobs: Blobs, trees: Trees, lines: Lines, scope: str, head: Sha) -> Line:
    """Answer the line that ends in `head`, and keep what was new of it."""
    if lines.whole(scope, head):
        return _kept(lines, scope, head)
    tip = lines.tip(scope)
    if tip is not None:
        extended = _extended(git, blobs, trees, lines, scope, head, tip)
        if extended is not None:  # its truth would be its length, and all of it read for that
            return extended
    return _anew(git, blobs, lines, scope, head)


def _extended(git: Git, blobs: Blobs, trees: Trees, lines: Lines, scope: str, head: Sha, tip: Sha) -> Line | None:
    """Answer the line where it shares its older part with the one kept last, else None (after a force-push)."""
    new = _new(git, blobs, trees if scope == WHOLE else None, head, tip, lambda: lines.whole(scope, tip))
    if new is None:
        return None
    if not new:
        older = _kept(lines, scope, tip)
        at = next((i for i, found in enumerate(older) if found.sha == head), None)
        return None if at is None else Line(older[at:])
    commits = [commit(record) for record in new]
    parent = commits[-1].parent
    if parent is None or (parent != tip and not lines.whole(scope, parent)):
        return None
    if lines.small(scope, parent):
        below = _piece(lines, scope, parent)
        lines.put(scope, [Piece(head, below.parent, _text(new) + below.text)], head, instead_of=parent)
        return Line(chain(commits, _older(lines, scope, below)))
    lines.put(scope, [Piece(head, parent, _text(new))], head)
    return Line(chain(commits, _below(lines, scope, parent)))


def _new(git: Git, blobs: Blobs, trees: Trees | None, head: Sha, tip: Sha, kept: Callable[[], bool]) -> list[list[bytes]] | None:
    """Return the records of what is in the past of `head` and not in that of `tip`, None where that one is not `kept` any more."""
    plain = walked(blobs, trees, head, tip) if trees else None
    if plain is not None:
        return list(brought(plain, blobs.object, _contains(git))) if kept() else None
    # The tip itself may be forgotten since, where the branch was force-pushed and cleaned up.
    with git.stream(*COMMAND, "--ignore-missing", head, "--not", tip, "--") as stream:
        return list(_told(stream, git, blobs)) if kept() else None  # looked up while git looks


def _anew(git: Git, blobs: Blobs, lines: Lines, scope: str, head: Sha) -> Line:
    commits: list[Commit] = []
    lines.put(scope, _pieces(_records(git, blobs, head), commits), head)
    return Line(commits)


def _pieces(found: Iterable[list[bytes]], commits: list[Commit]) -> Iterator[Piece]:
    """Cut the records into pieces; `commits` takes what they say, so that they are read only once."""
    waiting: list[list[bytes]] = []
    size = first = 0
    for record in found:
        commits.append(commit(record))
        waiting.append(record)
        size += sum(map(len, record))
        if size >= _PIECE:
            yield Piece(commits[first].sha, commits[-1].parent, _text(waiting))
            waiting, size, first = [], 0, len(commits)
    if waiting:
        yield Piece(commits[first].sha, commits[-1].parent, _text(waiting))


def _kept(lines: Lines, scope: str, head: Sha) -> Line:
    # The newest piece is taken now: it is the only one that may be replaced while this line is still being read.
    return Line(_older(lines, scope, _piece(lines, scope, head)))


def _older(lines: Lines, scope: str, piece: Piece) -> Iterator[Commit]:
    while True:
        for record in records([piece.text]):
            yield commit(record)
        if piece.parent is None:
            return
        piece = _piece(lines, scope, piece.parent)


def _below(lines: Lines, scope: str, top: Sha) -> Iterator[Commit]:
    """Yield the older commits, from a piece that is too large to be replaced: it is read when it is come to."""
    yield from _older(lines, scope, _piece(lines, scope, top))


def _piece(lines: Lines, scope: str, top: Sha) -> Piece:
    if piece := lines.get(scope, top):
        return piece
    raise Unavailable("the cache of commits was replaced while it was read")


def _records(git: Git, blobs: Blobs, head: Sha) -> Iterator[list[bytes]]:
    with git.stream(*COMMAND, head, "--") as stream:
        yield from _told(stream, git, blobs)


def _told(stream: Stream, git: Git, blobs: Blobs) -> Iterator[list[bytes]]:
    yield from brought(records(iter(lambda: stream.out.read(_CHUNK), b"")), blobs.object, _contains(git))
    stream.finish()


def _contains(git: Git) -> CONTAINS:
    return lambda commit, ancestor: git.answer("merge-base", "--is-ancestor", ancestor, commit).status == 0


def _text(found: Iterable[list[bytes]]) -> bytes:
    return b"".join(b"\0".join(record) + b"\0" for record in found)
