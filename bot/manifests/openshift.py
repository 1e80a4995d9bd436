"""OpenShift's own objects → their pins: the tags of ImageStreams, the version and channel of a cluster."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bot.manifests.documents import Scalar
from bot.manifests.fields import fixed_pin, under
from bot.manifests.pin import Pin, PinKind
from bot.manifests.vocabulary import looks_like_version
from bot.manifests.walk import Level, image_pin, levels, objects, whole_pin

FORMAT = "openshift"

_SOURCES = frozenset({"DockerImage", "ImageStreamTag", "ImageStreamImage"})


def pins(file: bytes, path: str, /) -> Iterable[Pin]:
    """Yield the pins of ImageStreams, of all that is built or run `from` an image, and of ClusterVersions."""
    if b"openshift" not in file and b"ImageStream" not in file:
        return
    for level in levels(file, path):
        if level.text("kind") in _SOURCES:
            yield from _source(level)
        elif level.key == "tags" and level.items and under(level, "from") is not None:
            yield from _tag(level)
    for found in objects(file, path):
        if found.kind == "ClusterVersion" and (spec := under(Level(found, found.root), "spec")) is not None:
            yield from fixed_pin(spec, "channel", FORMAT, PinKind.REF, "openshift")
            if (desired := under(spec, "desiredUpdate")) is not None:
                yield from fixed_pin(desired, "version", FORMAT, PinKind.VARIABLE, "openshift")


def _source(level: Level) -> Iterator[Pin]:
    node = level.map.get("name")
    pin = image_pin(level.place("name", node), FORMAT) if isinstance(node, Scalar) else None
    if pin is None and isinstance(node, Scalar) and looks_like_version(node.value):  # another tag of the same stream
        pin = whole_pin(level.place("name", node), FORMAT, PinKind.TAG, level.object.name)
    if pin is not None:
        yield pin


def _tag(level: Level) -> Iterator[Pin]:
    """Yield the name of a tag that is a version itself."""
    node = level.map.get("name")
    if isinstance(node, Scalar) and looks_like_version(node.value):
        pin = whole_pin(level.place("name", node), FORMAT, PinKind.TAG, level.object.name)
        if pin is not None:
            yield pin
