"""A kustomization → the images, charts, remote bases and generated versions that it fixes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from bot.manifests.documents import Scalar, Seq
from bot.manifests.items import item_part
from bot.manifests.pin import Pin, PinKind
from bot.manifests.shapes import url_pins
from bot.manifests.vocabulary import names_version
from bot.manifests.walk import Level, Object, Place, entries, image_pin, objects, part_pin, whole_pin
from bot.refs import ImageRef

FORMAT = "kustomize"

_NAMES = frozenset({"kustomization.yaml", "kustomization.yml", "Kustomization"})
_REMOTE = ("resources", "bases", "components", "crds", "patchesStrategicMerge", "transformers", "generators")
_VERSION_NAME = re.compile(r"(?:.*[_.-])?(?:VERSION|TAG|IMAGE|REF|SHA|DIGEST)|.*(?:Version|Tag|Image)", re.IGNORECASE)
_VERSIONED_BASE = re.compile(r"(?P<base>(?:\.\.?/)+[\w./-]*?[\w-]+)/(?P<version>v?\d+\.\d+(?:\.\d+)?)/?")
"""A base of which the repository holds several versions side by side."""
_VALUE = re.compile(r"(?=.*\d)[A-Za-z0-9_][A-Za-z0-9._+@:-]*")


def is_kustomization(found: Object) -> bool:
    """Say whether an object is one, by its kind or, where it names none, by the file's name."""
    if found.kind in ("Kustomization", "Component"):
        return not found.api_version or found.api_version.startswith("kustomize.config.k8s.io")
    return not found.kind and found.path.rpartition("/")[2] in _NAMES


def pins(file: bytes, path: str, /) -> Iterable[Pin]:
    """Yield the pins of every kustomization in the file."""
    for found in objects(file, path):
        if is_kustomization(found):
            top = Level(found, found.root)
            yield from _images(top)
            yield from _charts(top)
            yield from _remotes(top)
            for generator in entries(top, "configMapGenerator"):
                yield from _literals(generator)


def _images(top: Level) -> Iterator[Pin]:
    for image in entries(top, "images"):
        name = image.text("newName") or image.text("name")
        artefact = parsed.name if (parsed := ImageRef.parse(name)) else name
        for key, kind in (("newTag", PinKind.TAG), ("digest", PinKind.DIGEST)):
            node = image.map.get(key)
            if isinstance(node, Scalar) and (pin := whole_pin(image.place(key, node), FORMAT, kind, artefact)):
                yield pin
        node = image.map.get("newName")
        if isinstance(node, Scalar) and (pin := image_pin(image.place("newName", node), FORMAT)):
            yield pin


def _charts(top: Level) -> Iterator[Pin]:
    for chart in (*entries(top, "helmCharts"), *entries(top, "helmChartInflationGenerator")):
        node = chart.map.get("version") or chart.map.get("chartVersion")
        key = "version" if chart.map.get("version") else "chartVersion"
        name = chart.text("name") or chart.text("chartName")
        if isinstance(node, Scalar) and (pin := whole_pin(chart.place(key, node), FORMAT, PinKind.CHART, name)):
            yield pin


def _remotes(top: Level) -> Iterator[Pin]:
    for key in _REMOTE:
        node = top.map.get(key)
        if isinstance(node, Seq):
            for index, item in enumerate(node.items):
                if isinstance(item, Scalar):
                    place = Place(top.object, top.path(key) + item_part(node, index), item)
                    base = _VERSIONED_BASE.fullmatch(item.value)
                    pin = part_pin(place, FORMAT, PinKind.REF, base["base"], *base.span("version")) if base else None
                    yield from url_pins(place, FORMAT) if pin is None else (pin,)


def _literals(generator: Level) -> Iterator[Pin]:
    """Yield the versions among `NAME=value` literals."""
    node = generator.map.get("literals")
    for index, item in enumerate(node.items if isinstance(node, Seq) else ()):
        if isinstance(item, Scalar) and "=" in item.value:
            name, _, value = item.value.partition("=")
            place = Place(generator.object, f"{generator.path('literals')}[{index}]", item)
            start, end = len(name) + 1, len(item.value)
            image = ImageRef.parse(value)
            if image and image.version and "/" in image.name:
                pin = part_pin(place, FORMAT, PinKind.IMAGE, image.name, end - len(image.version), end)
            elif (_VERSION_NAME.fullmatch(name) or names_version(name)) and _VALUE.fullmatch(value):
                pin = part_pin(place, FORMAT, PinKind.VARIABLE, name, start, end)
            else:
                continue
            if pin:
                yield pin
