"""A file before and after → how many lines changed besides those of its pins."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable
from difflib import SequenceMatcher

from bot.manifests.pin import Pin

_MARKER = re.compile(rb"---(?:\s|$)")
_SILENT = re.compile(rb"\s*(?:#|$)|%")
_BLANK = b"\n"
"""No line of a file."""
_MANY = 1500
"""Beyond so many differing lines they are counted as they are, whatever their order: exact pairing would take seconds."""


def changed_lines(before: bytes, after: bytes, old: Iterable[Pin], new: Iterable[Pin], not_ours: Collection[int] = ()) -> tuple[int, int]:
    """Return how many lines were added and removed, leaving out those of pins and whole documents that are not ours."""
    was, now = _lines(before, old, not_ours), _lines(after, new, not_ours)
    if was == now:
        return 0, 0
    was, now = ([line for line in lines if line != _BLANK] for lines in (was, now))
    start = 0
    while start < min(len(was), len(now)) and was[start] == now[start]:
        start += 1
    end = 0
    while end < min(len(was), len(now)) - start and was[-1 - end] == now[-1 - end]:
        end += 1
    was, now = was[start : len(was) - end], now[start : len(now) - end]
    same = _same(was, now)
    return len(now) - same, len(was) - same


def _same(was: list[bytes], now: list[bytes]) -> int:
    if not was or not now:
        return 0
    if max(len(was), len(now)) > _MANY:
        return sum((Counter(was) & Counter(now)).values())
    return sum(block.size for block in SequenceMatcher(None, was, now, autojunk=False).get_matching_blocks())


def _lines(file: bytes, pins: Iterable[Pin], not_ours: Collection[int]) -> list[bytes]:
    """Return the lines, those that do not count blanked: most versions differ in nothing else, which is seen at once."""
    lines = file.split(b"\n")
    if lines[-1] == b"":
        lines.pop()
    if not_ours:
        documents = _documents(lines)
        lines = [_BLANK if documents[number] in not_ours else line for number, line in enumerate(lines)]
    for pin in pins:
        if pin.line <= len(lines):
            lines[pin.line - 1] = _BLANK
    return lines


def _documents(lines: list[bytes]) -> list[int]:
    """Number each line's document as YAML counts them: what stands before the first marker is none if it says nothing."""
    index, said, out = 0, False, []
    for line in lines:
        if _MARKER.match(line):
            index, said = index + said, True
        said = said or not _SILENT.match(line)
        out.append(index)
    return out
