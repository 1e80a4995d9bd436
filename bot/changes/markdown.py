"""Anybody's text → Markdown that shows it and does nothing else."""

from __future__ import annotations

import re

_SPECIAL = re.compile(r"([\\`*_{}\[\]()<>#+!|~&@-])")


def prose(text: str) -> str:
    """Return text in which no character of Markdown or HTML works and nobody is mentioned; line ends become spaces."""
    escaped = _SPECIAL.sub(r"\\\1", " ".join(_printable(text).split()))
    return (
        re.sub(r"\\@(?=\w)", "@\u200b", escaped)
        .replace("\\<", "&lt;")
        .replace("\\>", "&gt;")
        .replace("\\-", "-")
        .replace("://", ":\u200b//")
    )


def code(text: str) -> str:
    """Return an inline code span that holds any text, backticks included (CommonMark 6.1)."""
    line = " ".join(_printable(text).split()) or " "
    fence = "`" * (max((len(run) for run in re.findall(r"`+", line)), default=0) + 1)
    pad = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{fence}{pad}{line}{pad}{fence}"


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() or c in "\n\t" else "\ufffd" for c in text)[:2000]
