"""ConfigMaps → the versions among their data: keys that promise one, and values files written out (`values.yaml: |`)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bot.manifests.fields import under
from bot.manifests.nested import nested
from bot.manifests.pin import Pin, PinKind, Style
from bot.manifests.shapes import shape_pins
from bot.manifests.vocabulary import is_digest, may_be_version, names_version
from bot.manifests.walk import Level, Place, image_pin, levels_of, objects, objects_of, whole_pin

FORMAT = "configmap"


def pins(file: bytes, path: str) -> Iterable[Pin]:
    """Yield the pins of every ConfigMap's data."""
    if b"ConfigMap" not in file:
        return
    for found in objects(file, path):
        data = under(Level(found, found.root), "data") if found.kind == "ConfigMap" else None
        if data is not None:
            for key, where, scalar in data.leaves():
                yield from _entry(key, data.at(where, scalar))


def _entry(key: str, place: Place) -> Iterator[Pin]:
    text, around = place.scalar.value, place.object
    if place.scalar.style is Style.BLOCK:
        documents = nested(around.file, place.scalar) if key.endswith((".yaml", ".yml")) else None
        for found in objects_of(documents or (), around.file, around.path, around, place.yaml_path):
            for level in levels_of(found):
                yield from shape_pins(level, FORMAT)
    elif names_version(key) and may_be_version(text):
        pin = None if is_digest(text) else image_pin(place, FORMAT)
        if pin is None and not key.lower().endswith("image"):
            pin = whole_pin(place, FORMAT, PinKind.VARIABLE, key)
        if pin is not None:
            yield pin
