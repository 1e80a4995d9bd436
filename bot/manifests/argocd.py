"""Argo CD Applications and ApplicationSets → their pins: revisions, charts, parameters, inline values, Kustomize images, list elements."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from bot.manifests.documents import Scalar, Seq
from bot.manifests.fields import chart_name, fixed_pin, under
from bot.manifests.nested import nested
from bot.manifests.parameters import parameter_pins
from bot.manifests.patches import patch_pins
from bot.manifests.pin import Pin, PinKind
from bot.manifests.shapes import shape_pins
from bot.manifests.vocabulary import is_fixed, looks_like_version, may_be_version, names_version
from bot.manifests.walk import Level, Object, Place, below, entries, image_pin, levels_of, objects, objects_of, part_pin, whole_pin
from bot.refs import ImageRef

FORMAT = "argocd"

_OVERRIDE = re.compile(r"\.argocd-source(?:-(.+?))?\.ya?ml")
_REVISIONS = frozenset({"targetRevision", "revision", "branch", "ref", "gitRef"})


def pins(file: bytes, path: str) -> Iterable[Pin]:
    """Yield the pins of Applications and ApplicationSets, of what Image Updater overrides in them, and of values that become them."""
    override = _OVERRIDE.fullmatch(path.rpartition("/")[2])
    revisions = b"targetRevision" in file
    for found in objects(file, path):
        if found.api_version.startswith("argoproj.io/"):
            yield from object_pins(found) or ()
        elif override is not None:
            yield from _parameters(Level(replace(found, kind="Application", name=override.group(1)), found.root))
        elif revisions and not found.kind:
            for level in levels_of(found):
                yield from _revision(level)


def object_pins(found: Object) -> Iterable[Pin] | None:
    """Return the pins of one object, None where it is not Argo CD's."""
    return _object(found) if found.api_version.startswith("argoproj.io/") else None


def _object(found: Object) -> Iterator[Pin]:
    spec = under(Level(found, found.root), "spec")
    if spec is None:
        return
    if found.kind == "Application":
        yield from _application(spec)
    elif found.kind == "ApplicationSet":
        template = under(spec, "template")
        inner = under(template, "spec") if template else None
        yield from _application(inner) if inner else ()
        for generator in entries(spec, "generators"):
            yield from _generator(generator)
        for patch in _texts(spec, "templatePatch"):
            inner = under(Level(patch, patch.root), "spec")
            yield from _application(inner) if inner else ()


def _application(spec: Level) -> Iterator[Pin]:
    source, hydrator = under(spec, "source"), under(spec, "sourceHydrator")
    dry = under(hydrator, "drySource") if hydrator else None
    for one in (*(level for level in (source, dry) if level), *entries(spec, "sources")):
        yield from _source(one)


def _source(source: Level) -> Iterator[Pin]:
    yield from _revision(source)
    yield from _parameters(source)


def _revision(source: Level) -> Iterator[Pin]:
    chart, address = source.text("chart"), source.text("repoURL")
    if chart:
        yield from fixed_pin(source, "targetRevision", FORMAT, PinKind.CHART, chart_name(chart))
    else:
        yield from fixed_pin(source, "targetRevision", FORMAT, PinKind.REF, address.removeprefix("oci://"))


def _parameters(source: Level) -> Iterator[Pin]:
    helm, kustomize, directory, plugin = (under(source, key) for key in ("helm", "kustomize", "directory", "plugin"))
    if helm is not None:
        yield from _helm(helm)
    if kustomize is not None:
        yield from _images(kustomize)
        for patch in entries(kustomize, "patches"):
            yield from patch_pins(patch, "patch", FORMAT, lambda found: None)
    jsonnet = under(directory, "jsonnet") if directory else None
    for key in ("extVars", "tlas"):
        yield from parameter_pins(entries(jsonnet, key), FORMAT) if jsonnet else ()
    yield from parameter_pins(entries(plugin, "env"), FORMAT) if plugin else ()


def _helm(helm: Level) -> Iterator[Pin]:
    yield from parameter_pins(entries(helm, "parameters"), FORMAT)
    for level in below(helm, "valuesObject"):
        yield from shape_pins(level, FORMAT)
    for found in _texts(helm, "values"):
        for level in levels_of(found):
            yield from shape_pins(level, FORMAT)


def _texts(level: Level, key: str) -> tuple[Object, ...]:
    """Return the documents in the block scalar under `key`."""
    node, around = level.map.get(key), level.object
    documents = nested(around.file, node) if isinstance(node, Scalar) else None
    return objects_of(documents or (), around.file, around.path, around, level.path(key))


def _images(kustomize: Level) -> Iterator[Pin]:
    """Yield the pins of `name:tag`, `name=new:tag` and `name=new@digest` entries."""
    node = kustomize.map.get("images")
    for index, item in enumerate(node.items if isinstance(node, Seq) else ()):
        if isinstance(item, Scalar) and is_fixed(item.value):
            image = ImageRef.parse(item.value.rpartition("=")[2])
            if image is not None and image.version is not None:
                place, end = Place(kustomize.object, f"{kustomize.path('images')}[{index}]", item), len(item.value)
                pin = part_pin(place, FORMAT, PinKind.IMAGE, image.name, end - len(image.version), end)
                if pin is not None:
                    yield pin


def _generator(generator: Level) -> Iterator[Pin]:
    """Yield the pins of list elements (the Applications are made of them), of a Git generator's own ref, and of nested generators."""
    listed, git = under(generator, "list"), under(generator, "git")
    if listed is not None:
        for element in entries(listed, "elements"):
            for level in below(element):
                yield from _element(level)
    if git is not None:
        yield from fixed_pin(git, "revision", FORMAT, PinKind.REF, git.text("repoURL"))
    for one in (listed, git):
        template = under(one, "template") if one else None
        inner = under(template, "spec") if template else None
        yield from _application(inner) if inner else ()
    for key in ("matrix", "merge"):
        combined = under(generator, key)
        for inner_generator in entries(combined, "generators") if combined else ():
            yield from _generator(inner_generator)


def _element(level: Level) -> Iterator[Pin]:
    for key, where, scalar in level.leaves():
        text, place = scalar.value, level.at(where, scalar)
        pin: Pin | None = None
        if not is_fixed(text):
            continue
        if "/" in text or key.lower().endswith("image"):
            pin = image_pin(place, FORMAT)
        if pin is None and key in _REVISIONS and may_be_version(text):
            pin = whole_pin(place, FORMAT, PinKind.REF, level.text("repoURL"))
        elif pin is None and may_be_version(text) and (names_version(key) or looks_like_version(text)):
            pin = whole_pin(place, FORMAT, _kind(key), "")
        if pin is not None:
            yield pin


def _kind(key: str) -> PinKind:
    lowered = key.lower()
    if lowered.endswith("tag"):
        return PinKind.TAG
    if lowered.endswith("digest"):
        return PinKind.DIGEST
    return PinKind.CHART if "chart" in lowered else PinKind.VARIABLE
