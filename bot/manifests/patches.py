"""A patch that stands as text in a block scalar → the pins of what it changes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from bot.manifests.documents import Scalar
from bot.manifests.nested import nested
from bot.manifests.pin import Pin, PinKind
from bot.manifests.shapes import shape_pins
from bot.manifests.vocabulary import may_be_version, names_version
from bot.manifests.walk import Level, Object, Place, image_pin, levels_of, objects_of, whole_pin

Known = Callable[[Object], Iterable[Pin] | None]


def patch_pins(patch: Level, key: str, format_name: str, known: Known) -> Iterator[Pin]:
    """Yield the pins of a strategic-merge patch or of the `value`s of a JSON patch under `key`.

    `known` answers the pins of an object that its format reads by itself, None where only shapes can tell.
    """
    node = patch.map.get(key)
    if isinstance(node, Scalar):
        yield from text_pins(patch.place(key, node), format_name, known)


def text_pins(place: Place, format_name: str, known: Known) -> Iterator[Pin]:
    """Yield the pins of a patch's text; see `patch_pins`."""
    around = place.object
    for found in objects_of(nested(around.file, place.scalar) or (), around.file, around.path, around, place.yaml_path):
        pins = known(found)
        if pins is not None:
            yield from pins
            continue
        for level in levels_of(found):
            if level.map.text("op") and level.map.text("path"):
                yield from _operation(level, format_name)
            else:
                yield from shape_pins(level, format_name, versions=False)


def _operation(level: Level, format_name: str) -> Iterator[Pin]:
    name, node = level.text("path").rpartition("/")[2], level.map.get("value")
    if not isinstance(node, Scalar) or level.map.text("op") not in ("add", "replace"):
        return
    place = level.place("value", node)
    pin = image_pin(place, format_name) if name == "image" or "/" in node.value else None
    if pin is None and names_version(name) and name != "image" and may_be_version(node.value):
        pin = whole_pin(place, format_name, PinKind.TAG if name == "tag" else PinKind.VARIABLE, "")
    if pin is not None:
        yield pin
