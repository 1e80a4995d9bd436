"""Helm's own files → their pins: Chart.yaml, requirements.yaml, their locks, and values files by their shapes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from bot.manifests.documents import Scalar
from bot.manifests.pin import Pin, PinKind
from bot.manifests.shapes import shape_pins
from bot.manifests.walk import Level, entries, levels, objects, whole_pin

FORMAT = "helm"

_LOCK = re.compile(r"helmfile.*\.lock")
CHARTS = frozenset({"Chart.yaml", "Chart.yml", "requirements.yaml", "requirements.yml", "Chart.lock", "requirements.lock"})
_OTHERS = ("services", "repositories", "releases")


def is_chart(path: str) -> bool:
    """Say whether a file is one of a chart's (or helmfile's lock, which lists charts as theirs do)."""
    name = path.rpartition("/")[2]
    return name in CHARTS or _LOCK.fullmatch(name) is not None


def pins(file: bytes, path: str, /) -> Iterable[Pin]:
    """Yield the pins of a chart's files, or of any text without a kind that has the shapes of values."""
    if path.endswith((".json", "flake.lock")):
        return
    if is_chart(path):
        for found in objects(file, path):
            yield from _chart(Level(found, found.root))
        return
    for level in levels(file, path):
        found = level.object
        if not found.kind and not (level.up is None and any(found.root.get(key) for key in _OTHERS)):
            yield from shape_pins(level, FORMAT)


def _chart(top: Level) -> Iterator[Pin]:
    name = top.text("name")
    for key, kind in (("version", PinKind.CHART), ("appVersion", PinKind.APP_VERSION)):
        yield from _scalar(top, key, kind, name)
    for dependency in entries(top, "dependencies"):
        yield from _scalar(dependency, "version", PinKind.CHART, dependency.text("name"))


def _scalar(level: Level, key: str, kind: PinKind, artefact: str) -> Iterator[Pin]:
    node = level.map.get(key)
    if isinstance(node, Scalar) and (pin := whole_pin(level.place(key, node), FORMAT, kind, artefact)):
        yield pin
