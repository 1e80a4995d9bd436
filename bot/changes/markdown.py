"""Anybody's text → Markdown that shows it and does nothing else; and blocks that fit what a forge takes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

LONGEST = 60_000
"""GitHub takes 65,536 characters; what it counts as one is not always what we do."""
_PROSE = 2000
_SPECIAL = re.compile(r"([\\`*_{}\[\]()<>#+!|~&-])")
_LEADING = re.compile(r"^(\d+)(?=\.(?:\s|$))|^(?=[-=])")
_LINKED = re.compile(r"@(?=\w)|#(?=\d)|(?<=\bgh-)(?=\d)|(?<=\bwww)(?=\.)|(?<=:)(?=//)", re.IGNORECASE)
"""Where a forge begins a mention, a reference or a link, whatever is escaped: after it comes a space of no width."""


def prose(text: str) -> str:
    """Return text in which no character of Markdown or HTML works and nobody and nothing is mentioned; line ends become spaces."""
    line = unlinked(" ".join(_printable(text)[:_PROSE].split()))
    escaped = _SPECIAL.sub(r"\\\1", line).replace("\\<", "&lt;").replace("\\>", "&gt;").replace("\\-", "-").replace("$", "&#36;")
    return _LEADING.sub(lambda found: f"{found[1]}\\" if found[1] else "\\", escaped)


def unlinked(text: str) -> str:
    """Return the same text for a place that is no Markdown (a title, a commit message): it mentions and closes nothing."""
    return _LINKED.sub(lambda found: f"{found[0]}\u200b", text)


def code(text: str) -> str:
    """Return an inline code span that holds any text, backticks included (CommonMark 6.1)."""
    line = " ".join(_printable(text)[:_PROSE].split()) or " "
    fence = "`" * (max((len(run) for run in re.findall(r"`+", line)), default=0) + 1)
    pad = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{fence}{pad}{line}{pad}{fence}"


def fenced(lines: Iterable[str], language: str = "") -> str:
    """Return a code block that holds any lines: its fence is longer than any run of backticks in them."""
    shown = [_printable(line.replace("\r", "␍")).replace("\n", " ") for line in lines]
    longest = max((len(run) for line in shown for run in re.findall(r"`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    return "\n".join([f"{fence}{language}", *shown, fence])


def listed(lines: Iterable[str], most: int = 20) -> str:
    """Return a list of lines that are Markdown already; beyond `most` it says how many more there are."""
    items = list(lines)
    more = [f"- and {len(items) - most} more"] if len(items) > most else []
    return "\n".join([*(f"- {item}" for item in items[:most]), *more])


def folded(summary: str, *blocks: str) -> str:
    """Return blocks that open at a click; `summary` is a text of ours."""
    return "\n\n".join([f"<details><summary>{summary}</summary>", *filter(None, blocks), "</details>"])


def joined(blocks: Sequence[str], longest: int = LONGEST) -> str:
    """Join blocks; where that is too long, whole blocks of the middle go, the longest first, so that no fence is left open."""
    kept = [block for block in blocks if block]
    left_out = "_Left out here: more than the forge takes. `rollbot explain` tells all of it._"
    while len("\n\n".join(kept)) + 1 > longest and len(kept) > 2:
        place = max(range(1, len(kept) - 1), key=lambda index: len(kept[index]))
        if kept[place] == left_out:
            break
        kept[place] = left_out
    return "\n\n".join(kept) + "\n"


def _printable(text: str) -> str:
    if text.replace("\n", "").replace("\t", "").isprintable():
        return text
    return "".join(c if c.isprintable() or c in "\n\t" else "\ufffd" for c in text)
