"""Answers → text: JSON for programs, aligned columns for people."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

_WORTH = 100
"""A tenth of fewer than this many is not worth a line in a log."""


def as_json(answer: Any) -> None:
    """Print JSON in ASCII, so that bytes of strangers' files that are no UTF-8 (surrogate-escaped) pass any terminal and pipe."""
    sys.stdout.write(json.dumps(answer, indent=2) + "\n")


def table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print rows under their heads, each column as wide as its widest cell."""
    cells = [["-" if cell in (None, "") else _plain(str(cell)) for cell in row] for row in rows]
    widths = [max(len(line[column]) for line in [list(heads), *cells]) for column in range(len(heads))]
    for line in [[head.upper() for head in heads], *cells]:
        say("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def say(line: str = "") -> None:
    sys.stdout.write(_plain(line, keep="\n\t") + "\n")


def warn(line: str) -> None:
    sys.stderr.write(_plain(line, keep="\n\t") + "\n")


def choices(code: str, found: Sequence[str]) -> None:
    """Offer what could be said instead of what was refused for this reason (`unknown-service`, `is-rollback`, …)."""
    if found:
        warn("there is:" if code.startswith("unknown") else "say which with --to:" if code == "is-rollback" else "one of these, perhaps:")
    for choice in found:
        warn(f"  {choice}")


def _plain(text: str, keep: str = "") -> str:
    """Text for a terminal: strangers' control characters (escape sequences) are shown, not obeyed."""
    return "".join(c if c.isprintable() or c in keep else repr(c)[1:-1] for c in text)


def when(instant: float) -> str:
    return datetime.fromtimestamp(instant, UTC).strftime("%Y-%m-%d %H:%M")


def iso(instant: float) -> str:
    return datetime.fromtimestamp(instant, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def span(seconds: float | None) -> str:
    """A duration as people say it: `3 d 4 h`, `25 min`, `40 s`."""
    if seconds is None:
        return "unknown"
    for size, unit, less, small in ((86400, "d", 3600, "h"), (3600, "h", 60, "min")):
        if seconds >= size:
            rest = int(seconds % size // less)
            return f"{int(seconds // size)} {unit}" + (f" {rest} {small}" if rest else "")
    return f"{int(seconds // 60)} min" if seconds >= 60 else f"{int(seconds)} s"


@contextmanager
def progress(what: str) -> Iterator[None]:
    """Say on a terminal's stderr what takes a while; the line goes when it is done."""
    shown = sys.stderr.isatty()
    if shown:
        sys.stderr.write(f"{what} …")
        sys.stderr.flush()
    try:
        yield
    finally:
        if shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()


@contextmanager
def counting(what: str) -> Iterator[Callable[[int, int], None]]:
    """The same for what can say how far it is: `what` takes how many are done, of how many. Without a terminal it says so every tenth."""
    shown = sys.stderr.isatty()
    said = 0

    def count(done: int, of: int) -> None:
        nonlocal said
        if shown:
            sys.stderr.write("\r\x1b[K" + what.format(done, of))
        elif of >= 10 * _WORTH and done * 10 // of > said:
            said = done * 10 // of
            sys.stderr.write(what.format(done, of) + "\n")
        sys.stderr.flush()

    try:
        yield count
    finally:
        if shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
