"""What a manifest declares to Rollbot."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Annotation:
    """`key` without `rollbot.dev/`, `value` as YAML reads it, `line` 1-based in its file; the object is that of its document."""

    key: str
    value: str
    line: int
    document: int = 0
    object_kind: str = ""
    object_name: str = ""
