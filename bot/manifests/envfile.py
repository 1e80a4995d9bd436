"""Env files (`.env`, `versions.env`, `.env.prod`): the lines whose key promises a version."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bot.manifests.documents import BOM
from bot.manifests.pin import Pin, PinKind, Style
from bot.manifests.vocabulary import may_be_version, names_version
from bot.refs import ImageRef

FORMAT = "envfile"
_KEY = re.compile(rb"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_.-]*)[ \t]*=[ \t]*")


@dataclass(frozen=True, slots=True)
class Assignment:
    """`KEY=VALUE`; `start` is the byte offset of the value's text, quotes left out."""

    key: str
    value: str
    start: int
    line: int


def pins(file: bytes, path: str) -> Iterable[Pin]:
    """Yield what the lines fix whose key ends in version, tag, image or the like; none where SOPS has encrypted the file."""
    if not is_envfile(path):
        return
    lines = tuple(assignments(file))
    if any(line.key.startswith("sops_") for line in lines):
        return
    for line in lines:
        if names_version(line.key):
            pin = _pin(line, path)
            if pin is not None:
                yield pin


def is_envfile(path: str) -> bool:
    name = path.rpartition("/")[2]
    return name == ".env" or name.endswith(".env") or name.startswith(".env.")


def assignments(file: bytes) -> Iterator[Assignment]:
    """Yield the file's assignments in order; lines that are no UTF-8 or no assignment are passed over."""
    offset = len(BOM) if file.startswith(BOM) else 0
    for number, raw in enumerate(file[offset:].split(b"\n"), 1):
        match = _KEY.match(raw)
        if match is not None:
            start, end = _value(raw, match.end())
            with contextlib.suppress(UnicodeDecodeError):
                yield Assignment(match.group(1).decode(), raw[start:end].decode(), offset + start, number)
        offset += len(raw) + 1


def _value(line: bytes, start: int) -> tuple[int, int]:
    if line[start : start + 1] in (b'"', b"'"):
        closing = line.find(line[start : start + 1], start + 1)
        return start + 1, closing if closing > 0 else start + 1
    comment = line.find(b" #", start)
    end = comment if comment >= 0 else len(line)
    return start, start + len(line[start:end].rstrip())


def _pin(line: Assignment, path: str) -> Pin | None:
    image = ImageRef.parse(line.value) if line.key.lower().endswith("image") else None
    if line.key.lower().endswith("image") and (image is None or image.version is None):
        return None
    if not may_be_version(line.value):
        return None
    skip = len(image.name) + 1 if image else 0
    start = line.start + skip
    return Pin(
        path=path,
        document=0,
        yaml_path=line.key,
        line=line.line,
        start=start,
        end=line.start + len(line.value),
        format=FORMAT,
        kind=PinKind.IMAGE if image else PinKind.VARIABLE,
        object_kind="",
        object_name="",
        namespace="",
        artefact=image.name if image else "",
        value=line.value[skip:],
        style=Style.RAW,
        partial=bool(image),
    )
