"""Flux objects → their pins: HelmReleases, sources, Kustomizations, and scalars that an `$imagepolicy` comment marks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from bot.manifests.documents import Scalar
from bot.manifests.fields import chart_name, fixed_pin, under
from bot.manifests.patches import patch_pins
from bot.manifests.pin import Pin, PinKind
from bot.manifests.setters import setter_pins
from bot.manifests.shapes import shape_pins
from bot.manifests.vocabulary import looks_like_version, may_be_version, names_version
from bot.manifests.walk import Level, Object, below, entries, image_pin, levels, objects, whole_pin
from bot.refs import ImageRef

FORMAT = "flux"

_FLUX = re.compile(r"(?:helm|source|kustomize)\.(?:toolkit\.)?fluxcd\.io/|fluxcd\.controlplane\.io/")
_HELM_OPERATOR = "helm.fluxcd.io/"
_REF_KINDS = {
    "tag": PinKind.REF,
    "semver": PinKind.REF,
    "branch": PinKind.REF,
    "commit": PinKind.REF,
    "name": PinKind.REF,
    "digest": PinKind.DIGEST,
}
_CHARTS = re.compile(r"(?:.*[/-])?charts?(?:[/-].*)?")


def pins(file: bytes, path: str) -> Iterable[Pin]:
    """Yield the pins of every Flux object in the file, those in block-scalar patches too, and of marked scalars of any object."""
    marked = {pin.start: pin for pin in setter_pins(file, levels(file, path), FORMAT)}
    for found in objects(file, path):
        for pin in object_pins(found) or ():
            marked.pop(pin.start, None)
            yield pin
    yield from marked.values()


def object_pins(found: Object) -> Iterable[Pin] | None:
    """Return the pins of one object, None where it is not Flux's."""
    return _object(found) if _FLUX.match(found.api_version) else None


def _object(found: Object) -> Iterator[Pin]:
    top = Level(found, found.root)
    spec = under(top, "spec")
    if spec is None:
        return
    if found.kind == "HelmRelease":
        yield from _release(spec)
    elif found.kind == "HelmChart":
        yield from fixed_pin(spec, "version", FORMAT, PinKind.CHART, chart_name(spec.text("chart")))
    elif found.kind == "Kustomization":
        yield from _kustomization(spec)
    elif found.kind == "ResourceSet":
        for resource in entries(spec, "resources"):
            yield from _object(_embedded(resource))
    elif found.kind == "FluxInstance":
        yield from _instance(spec)
    else:
        yield from _source(spec)


def _release(spec: Level) -> Iterator[Pin]:
    chart = under(spec, "chart")
    if chart is not None and spec.object.api_version.startswith(_HELM_OPERATOR):
        yield from fixed_pin(chart, "version", FORMAT, PinKind.CHART, chart.text("name"))
        yield from fixed_pin(chart, "ref", FORMAT, PinKind.REF, chart.text("git"))
    elif chart is not None and (template := under(chart, "spec")) is not None:
        yield from fixed_pin(template, "version", FORMAT, PinKind.CHART, chart_name(template.text("chart")))
    for level in below(spec, "values"):
        yield from shape_pins(level, FORMAT)
    for renderer in entries(spec, "postRenderers"):
        kustomize = under(renderer, "kustomize")
        if kustomize is not None:
            yield from _overlay(kustomize)


def _instance(spec: Level) -> Iterator[Pin]:
    distribution, sync = under(spec, "distribution"), under(spec, "sync")
    if distribution is not None:
        yield from fixed_pin(distribution, "version", FORMAT, PinKind.VARIABLE, "flux")
        node = distribution.map.get("artifact")
        pin = image_pin(distribution.place("artifact", node), FORMAT) if isinstance(node, Scalar) else None
        if pin is not None:
            yield pin
    if sync is not None:
        yield from fixed_pin(sync, "ref", FORMAT, PinKind.REF, sync.text("url"))


def _embedded(resource: Level) -> Object:
    """Return the object that a ResourceSet carries as one of its resources."""
    meta, around = resource.map, resource.object
    name, namespace = meta.text("metadata", "name"), meta.text("metadata", "namespace") or around.namespace
    kind, version = meta.text("kind"), meta.text("apiVersion")
    return Object(around.file, around.path, around.document, meta, resource.yaml_path, kind, name, namespace, version)


def _source(spec: Level) -> Iterator[Pin]:
    ref = under(spec, "ref")
    if ref is None:
        return
    address = spec.text("url")
    chart = spec.object.kind == "OCIRepository" and _holds_chart(spec, address)
    for key, kind in _REF_KINDS.items():
        if chart and key in ("tag", "semver"):
            yield from fixed_pin(ref, key, FORMAT, PinKind.CHART, chart_name(address))
        else:
            yield from fixed_pin(ref, key, FORMAT, kind, chart_name(address) if chart else address.removeprefix("oci://"))


def _holds_chart(spec: Level, address: str) -> bool:
    media = spec.map.text("layerSelector", "mediaType")
    return "helm.chart" in media or bool(_CHARTS.fullmatch(address.removeprefix("oci://").rpartition("/")[0]))


def _kustomization(spec: Level) -> Iterator[Pin]:
    yield from _overlay(spec)
    build = under(spec, "postBuild")
    variables = under(build, "substitute") if build else None
    if variables is not None:
        for key, where, scalar in variables.leaves():
            yield from _variable(variables, key, where, scalar)


def _overlay(level: Level) -> Iterator[Pin]:
    for image in entries(level, "images"):
        name = image.text("newName") or image.text("name")
        artefact = parsed.name if (parsed := ImageRef.parse(name)) else name
        yield from fixed_pin(image, "newTag", FORMAT, PinKind.TAG, artefact)
        yield from fixed_pin(image, "digest", FORMAT, PinKind.DIGEST, artefact)
    for patch in entries(level, "patches"):
        yield from patch_pins(patch, "patch", FORMAT, object_pins)


def _variable(variables: Level, key: str, where: str, scalar: Scalar) -> Iterator[Pin]:
    place, text = variables.at(where, scalar), scalar.value
    image = image_pin(place, FORMAT) if "/" in text or key.lower().endswith("image") else None
    if image is not None:
        yield image
    elif looks_like_version(text) or (names_version(key) and may_be_version(text) and not key.lower().endswith("image")):
        pin = whole_pin(place, FORMAT, PinKind.VARIABLE, key)
        if pin is not None:
            yield pin
