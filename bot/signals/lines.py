"""A comment's Markdown → the first line that its author says: no code, no quotation."""

from __future__ import annotations

import re

LONGEST_COMMENT = 70_000
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})(.*)")
_WRAPPED = re.compile(r"(`{1,2})(?!`)\s*(.*?)\s*\1(?!`)")
_TYPED = str.maketrans({"“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "‘": "'", "’": "'", "‚": "'", "\u00a0": " ", "\u202f": " "})
_LONG_DASH = re.compile(r"(?<!\S)[—–―](?=[A-Za-z])")
_DASH = re.compile(r"[—–―‐‑‒−]")


def first_line(text: str) -> str:
    """The first line that is said, without what phones make of quotation marks and dashes; "" where none is.

    A comment that is one line in backticks counts as said: that is what copying gives. A block of code never is.
    """
    lines = text[:LONGEST_COMMENT].replace("\r\n", "\n").replace("\r", "\n").split("\n")
    line = _alone(lines) or _said(lines)
    return _DASH.sub("-", _LONG_DASH.sub("--", line.translate(_TYPED))).strip()


def _alone(lines: list[str]) -> str | None:
    """The one line of a comment that is nothing but a line in backticks."""
    full = [line for line in lines if line.strip()]
    if len(full) == 1 and (match := _WRAPPED.fullmatch(full[0].strip())):
        return match[2]
    return None


def _said(lines: list[str]) -> str:
    fence, quoted = "", False
    for line in lines:
        match = _FENCE.fullmatch(line)
        if fence:
            if match and match[1].startswith(fence) and not match[2].strip():
                fence = ""
        elif match:
            fence, quoted = match[1], False
        elif line.lstrip().startswith(">"):
            quoted = True
        elif not line.strip():
            quoted = False  # until then Markdown draws the lines after a quotation into it
        elif not quoted:
            return "" if line.startswith(("    ", "\t")) else line
    return ""
