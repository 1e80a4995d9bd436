"""Talking to GitHub's runner: outputs, job summary, annotations; whatever anybody's text holds, the runner obeys none of it.

https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
"""

from __future__ import annotations

import secrets
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path


class Level(StrEnum):
    NOTICE = "notice"
    WARNING = "warning"
    ERROR = "error"


def annotation(level: Level, title: str, text: str, path: str | None = None, line: int | None = None) -> str:
    """The line that makes the runner show a sentence, at a place in a file where there is one."""
    fields = {"file": path, "line": None if line is None else str(line), "title": title}
    said = ",".join(f"{name}={_field(value)}" for name, value in fields.items() if value is not None)
    return f"::{level} {said}::{_escaped(text)}"


def _escaped(text: str) -> str:
    return _plain(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _field(text: str) -> str:
    return _escaped(text).replace(":", "%3A").replace(",", "%2C")


def _plain(text: str) -> str:
    """Text as UTF-8 can carry it: bytes of strangers' files that are none stand as `?`."""
    return text.encode(errors="replace").decode()


@contextmanager
def disobeyed() -> Iterator[None]:
    """Print what is printed in this block as text alone: a line that looks like a command of the runner is none."""
    token = secrets.token_hex(16)
    _line(f"::stop-commands::{token}")
    try:
        yield
    finally:
        sys.stderr.flush()
        _line(f"::{token}::")


def _line(text: str) -> None:
    sys.stdout.flush()
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def annotate(*lines: str) -> None:
    """Print annotations, outside of what is disobeyed."""
    for line in lines:
        _line(line)


def put_outputs(file: Path, values: Mapping[str, str]) -> None:
    """Add outputs of the step. Each value ends at a line that nobody could have guessed, so that no value makes another output."""
    rows = []
    for name, value in values.items():
        end = f"rollbot_{secrets.token_hex(16)}"
        rows.append(f"{name}<<{end}\n{_plain(value)}\n{end}\n")
    with file.open("a", encoding="utf-8", newline="\n") as out:
        out.write("".join(rows))


def put_summary(file: Path, markdown: str) -> None:
    with file.open("a", encoding="utf-8", newline="\n") as out:
        out.write(_plain(markdown))
