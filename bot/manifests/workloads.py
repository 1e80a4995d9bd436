"""Kubernetes objects → the images they run, and every other field of any kind that names an image or a version."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bot.manifests.pin import Pin
from bot.manifests.shapes import shape_pins
from bot.manifests.walk import Level, levels

FORMAT = "workloads"

_NO_VERSIONS = frozenset({"CustomResourceDefinition", "APIService"})
_FREE_TEXT = frozenset({"annotations", "openAPIV3Schema"})


def pins(file: bytes, path: str, /) -> Iterable[Pin]:
    """Yield the pins of every object that names its kind."""
    for level in levels(file, path):
        if level.object.kind and level.object.kind not in _NO_VERSIONS:
            yield from _level(level)


def _level(level: Level) -> Iterator[Pin]:
    if level.key in _FREE_TEXT:
        return
    config = level.object.kind == "ConfigMap" and level.key in ("data", "binaryData")
    inside_values = _inside(level, "values", "valuesObject")
    yield from shape_pins(level, FORMAT, versions=config or inside_values)


def _inside(level: Level, *keys: str) -> bool:
    at: Level | None = level
    while at is not None:
        if at.key in keys:
            return True
        at = at.up
    return False
