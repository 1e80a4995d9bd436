"""Fields that a format knows by name → their pins."""

from __future__ import annotations

from collections.abc import Iterator

from bot.manifests.documents import Map, Scalar
from bot.manifests.pin import Pin, PinKind
from bot.manifests.vocabulary import is_fixed
from bot.manifests.walk import Level, whole_pin


def under(level: Level, key: str) -> Level | None:
    """Return the mapping under `key`, None where there is none."""
    node = level.map.get(key)
    return Level(level.object, node, level, key) if isinstance(node, Map) else None


def fixed_pin(level: Level, key: str, format_name: str, kind: PinKind, artefact: str) -> Iterator[Pin]:
    """Yield the pin of a field that holds a version and nothing else; none where it is absent or a variable."""
    node = level.map.get(key)
    if isinstance(node, Scalar) and is_fixed(node.value):
        pin = whole_pin(level.place(key, node), format_name, kind, artefact)
        if pin is not None:
            yield pin


def chart_name(reference: str) -> str:
    """Return the chart's own name of `repository/name`, `oci://host/path/name` or a path to it."""
    return reference.rstrip("/").rpartition("/")[2]
