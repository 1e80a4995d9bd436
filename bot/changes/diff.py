"""A file before and after → a unified diff that people may see: values on secret lines are masked."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from bot.manifests.secrets import secret_lines
from bot.plans.merge import Hunk, diff, lines_of
from bot.refs import Sha

CONTEXT = 3
MASK = "***"
_KEYED = re.compile(r"(\s*(?:- +)?[\"']?[\w./-]+[\"']?\s*[:=])\s*\S.*")


def unified(path: str, before: bytes | None, after: bytes | None) -> tuple[str, ...]:
    """Return the diff's lines without their ends; none where nothing differs. Bytes that are no UTF-8 come surrogate-escaped."""
    old, new = before or b"", after or b""
    old_lines, new_lines = _shown(old, path), _shown(new, path)
    hunks = diff(lines_of(old), lines_of(new))
    if not hunks:
        return ()
    heads = (f"--- a/{path}" if before is not None else "--- /dev/null", f"+++ b/{path}" if after is not None else "+++ /dev/null")
    return (*heads, *_blocks(old_lines, new_lines, hunks))


def between(before: Mapping[str, Sha], after: Mapping[str, Sha], blobs: Mapping[Sha, bytes]) -> tuple[str, ...]:
    """Return the diff of two trees (path → blob), file by file in the order of their paths."""
    lines: list[str] = []
    for path in sorted({*before, *after}):
        if before.get(path) != after.get(path):
            old, new = (blobs.get(tree[path]) if path in tree else None for tree in (before, after))
            lines += unified(path, old, new)
    return tuple(lines)


def _shown(file: bytes, path: str) -> list[str]:
    secret = secret_lines(file, path)
    lines = lines_of(file)
    return [_masked(line) if number in secret else _text(line) for number, line in enumerate(lines, 1)]


def _text(line: bytes) -> str:
    text = line.decode(errors="surrogateescape")
    return text[:-1] if text.endswith("\n") else text + "\n\\ No newline at end of file"


def _masked(line: bytes) -> str:
    text = line.decode(errors="surrogateescape").rstrip("\r\n")
    if not text.strip() or text.startswith("---"):
        return text
    keyed = _KEYED.fullmatch(text)
    if keyed:
        return f"{keyed[1]} {MASK}"
    return text if text.rstrip().endswith(":") else text[: len(text) - len(text.lstrip())] + MASK


def _blocks(old: Sequence[str], new: Sequence[str], hunks: Sequence[Hunk]) -> Iterator[str]:
    shift = 0
    for group in _near(hunks):
        start, end = max(group[0].start - CONTEXT, 0), min(group[-1].end + CONTEXT, len(old))
        grown = sum(len(hunk.lines) - (hunk.end - hunk.start) for hunk in group)
        first = start + shift
        yield f"@@ -{_range(start, end - start)} +{_range(first, end - start + grown)} @@"
        at = start
        for hunk in group:
            yield from _marked(" ", old[at : hunk.start])
            yield from _marked("-", old[hunk.start : hunk.end])
            there = hunk.start + shift
            yield from _marked("+", new[there : there + len(hunk.lines)])
            shift += len(hunk.lines) - (hunk.end - hunk.start)
            at = hunk.end
        yield from _marked(" ", old[at:end])


def _near(hunks: Sequence[Hunk]) -> Iterator[list[Hunk]]:
    """Group hunks whose context lines meet."""
    group = [hunks[0]]
    for hunk in hunks[1:]:
        if hunk.start - group[-1].end > 2 * CONTEXT:
            yield group
            group = []
        group.append(hunk)
    yield group


def _marked(mark: str, lines: Sequence[str]) -> Iterator[str]:
    for line in lines:
        yield from (mark + line).split("\n")


def _range(start: int, length: int) -> str:
    line = start + 1 if length else start
    return str(line) if length == 1 else f"{line},{length}"
