"""Files that are a list of versions by their name (`versions.yaml`, `tags.json`, `jsonnetfile.json`) → all that looks like one there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from bot.manifests.documents import Scalar
from bot.manifests.fields import fixed_pin
from bot.manifests.pin import Pin, PinKind
from bot.manifests.promises import Promise, promise
from bot.manifests.shapes import shape_pins
from bot.manifests.vocabulary import looks_like_version
from bot.manifests.walk import Level, entries, levels, objects, whole_pin

FORMAT = "lists"

_LIST = re.compile(r"(?:.*[-_.])?(?:versions?|tags|image-?tags)(?:[-_.][\w-]+)?\.(?:ya?ml|json)")
_VALUES = re.compile(
    r"(?:.*[-_.])?(?:values|images?|chart|charts|task-?def(?:inition)?s?|release|releases|config|settings)(?:[-_.][\w-]+)?\.json"
    r"|.*\.tfvars\.json|flake\.lock"
)
_JSONNET = re.compile(r"jsonnetfile(?:\.lock)?\.json")


def pins(file: bytes, path: str, /) -> Iterable[Pin]:
    """Yield what such a file lists, what JSON has of the shapes of values, and the images of any other JSON."""
    name = path.rpartition("/")[2]
    if _JSONNET.fullmatch(name):
        for found in objects(file, path):
            for wanted in entries(Level(found, found.root), "dependencies"):
                git = wanted.map.text("source", "git", "remote")
                yield from fixed_pin(wanted, "version", FORMAT, PinKind.REF, git + wanted.map.text("source", "git", "subdir"))
        return
    json, listed = path.endswith((".json", "flake.lock")), _LIST.fullmatch(name) is not None
    if not json and not listed:
        return
    values = listed or _VALUES.fullmatch(name) is not None
    for level in levels(file, path):
        if level.object.kind:
            continue
        if listed:
            yield from _listed(level)
        if json:
            yield from (pin for pin in shape_pins(level, FORMAT, versions=values) if values or pin.kind is PinKind.IMAGE)


def _listed(level: Level) -> Iterator[Pin]:
    for key, node in level.map.items:
        if isinstance(node, Scalar) and promise(key.value) is Promise.NOTHING and looks_like_version(node.value):
            pin = whole_pin(level.place(key.value, node), FORMAT, PinKind.VARIABLE, key.value)
            if pin is not None:
                yield pin
