"""Three versions of a text → one, line by line: what `theirs` changed since `base`, done to `ours` where nothing else changed there.

Lines are bytes with their ends. The alignment is Myers' shortest edit script ("An O(ND) Difference Algorithm", 1986), the rule for
conflicts git's: changes of both sides that overlap or touch conflict, unless they are the same change.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

_LONGEST_SCRIPT = 1500
"""Beyond this many changed lines Myers' trace costs too much; difflib's coarser alignment does."""


@dataclass(frozen=True, slots=True)
class Hunk:
    """`before[start:end]` became `lines`."""

    start: int
    end: int
    lines: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Conflict:
    """A change of `theirs` that was not made: in `base` it is [start, end), in `ours` it starts at line index `at` (0-based)."""

    start: int
    end: int
    at: int


@dataclass(frozen=True, slots=True)
class Merge:
    """`text` holds every change of `theirs` that does not conflict."""

    text: bytes
    conflicts: tuple[Conflict, ...]


def merge(base: bytes, ours: bytes, theirs: bytes) -> Merge:
    """Merge; conflicting places keep `ours`."""
    before = lines_of(base)
    mine, other = diff(before, lines_of(ours)), diff(before, lines_of(theirs))
    taken, conflicts = _taken(mine, other)
    hunks = sorted([*mine, *taken], key=lambda hunk: (hunk.start, hunk.end))
    return Merge(b"".join(apply(before, hunks)), conflicts)


def lines_of(text: bytes) -> list[bytes]:
    """Split after every newline, as Git does (a lone carriage return ends no line)."""
    lines = text.split(b"\n")
    return [line + b"\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])


def _taken(mine: Sequence[Hunk], other: Sequence[Hunk]) -> tuple[list[Hunk], tuple[Conflict, ...]]:
    """Split `other` into what goes in and what conflicts; what both did is in `mine` already."""
    taken: list[Hunk] = []
    conflicts: list[Conflict] = []
    shift, at = 0, 0
    for hunk in other:
        while at < len(mine) and mine[at].end < hunk.start:
            shift += len(mine[at].lines) - (mine[at].end - mine[at].start)
            at += 1
        near = [m for m in mine[at:] if m.start <= hunk.end]
        if not near:
            taken.append(hunk)
        elif hunk not in near:
            conflicts.append(Conflict(hunk.start, hunk.end, hunk.start + shift))
    return taken, tuple(conflicts)


def apply(before: Sequence[bytes], hunks: Sequence[Hunk]) -> list[bytes]:
    """Return `before` with the hunks (ordered, apart from each other) done to it."""
    lines: list[bytes] = []
    at = 0
    for hunk in hunks:
        lines += before[at : hunk.start]
        lines += hunk.lines
        at = hunk.end
    return lines + list(before[at:])


def diff(before: Sequence[bytes], after: Sequence[bytes]) -> list[Hunk]:
    """Return the hunks that turn `before` into `after`, in order, none touching the next."""
    head = 0
    while head < min(len(before), len(after)) and before[head] == after[head]:
        head += 1
    tail = 0
    while tail < min(len(before), len(after)) - head and before[-1 - tail] == after[-1 - tail]:
        tail += 1
    old, new = before[head : len(before) - tail], after[head : len(after) - tail]
    return _settled(before, [Hunk(start + head, end + head, tuple(new[low:high])) for start, end, low, high in _script(old, new)])


def _script(old: Sequence[bytes], new: Sequence[bytes]) -> list[tuple[int, int, int, int]]:
    """Return (old start, old end, new start, new end) of every changed stretch."""
    if not old or not new:
        return [(0, len(old), 0, len(new))] if old or new else []
    matches = _myers(old, new)
    if matches is None:
        matcher = SequenceMatcher(None, old, new, autojunk=False)
        return [(a, b, c, d) for tag, a, b, c, d in matcher.get_opcodes() if tag != "equal"]
    stretches = []
    at_old = at_new = 0
    for x, y in [*matches, (len(old), len(new))]:
        if x > at_old or y > at_new:
            stretches.append((at_old, x, at_new, y))
        at_old, at_new = x + 1, y + 1
    return stretches


def _myers(old: Sequence[bytes], new: Sequence[bytes]) -> list[tuple[int, int]] | None:
    """Return the pairs of equal lines on a shortest edit path; None where the script would be too long."""
    trace: list[dict[int, int]] = []
    reached = {1: 0}
    for depth in range(min(len(old) + len(new), _LONGEST_SCRIPT) + 1):
        trace.append(dict(reached))
        for diagonal in range(-depth, depth + 1, 2):
            down = diagonal == -depth or (diagonal != depth and reached[diagonal - 1] < reached[diagonal + 1])
            x = reached[diagonal + 1] if down else reached[diagonal - 1] + 1
            y = x - diagonal
            while x < len(old) and y < len(new) and old[x] == new[y]:
                x, y = x + 1, y + 1
            reached[diagonal] = x
            if x >= len(old) and y >= len(new):
                return _walk_back(trace, len(old), len(new))
    return None


def _walk_back(trace: Sequence[dict[int, int]], x: int, y: int) -> list[tuple[int, int]]:
    pairs: list[tuple[int, int]] = []
    for depth in range(len(trace) - 1, -1, -1):
        reached, diagonal = trace[depth], x - y
        down = diagonal == -depth or (diagonal != depth and reached[diagonal - 1] < reached[diagonal + 1])
        previous = diagonal + 1 if down else diagonal - 1
        start_x = reached[previous] if depth else 0
        start_y = start_x - previous if depth else 0
        stop = (start_x if down else start_x + 1) if depth else 0
        while x > stop:
            x, y = x - 1, y - 1
            pairs.append((x, y))
        x, y = start_x, start_y
    return pairs[::-1]


def _settled(before: Sequence[bytes], hunks: list[Hunk]) -> list[Hunk]:
    """Slide pure insertions and deletions down as far as equal lines allow, as git does, so that one change has one place."""
    settled: list[Hunk] = []
    for index, hunk in enumerate(hunks):
        limit = hunks[index + 1].start if index + 1 < len(hunks) else len(before)
        settled.append(_slid(before, hunk, limit))
    return settled


def _slid(before: Sequence[bytes], hunk: Hunk, limit: int) -> Hunk:
    start, end, lines = hunk.start, hunk.end, list(hunk.lines)
    if start == end and lines:
        while end < limit and before[end] == lines[0]:
            lines.append(lines.pop(0))
            start, end = start + 1, end + 1
    elif not lines:
        while end < limit and before[start] == before[end]:
            start, end = start + 1, end + 1
    return Hunk(start, end, tuple(lines))
