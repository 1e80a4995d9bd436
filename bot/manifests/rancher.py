"""K3s HelmCharts and Fleet bundles → the charts that they install, and the versions in the values that come along."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bot.manifests.documents import Scalar
from bot.manifests.fields import chart_name, fixed_pin, under
from bot.manifests.nested import nested
from bot.manifests.pin import Pin, PinKind
from bot.manifests.shapes import shape_pins
from bot.manifests.walk import Level, below, levels_of, objects, objects_of

FORMAT = "rancher"

_FLEET = frozenset({"fleet.yaml", "fleet.yml"})


def pins(file: bytes, path: str) -> Iterable[Pin]:
    """Yield the pins of every HelmChart and HelmChartConfig of helm.cattle.io, and of a fleet.yaml with its target customisations."""
    fleet = path.rpartition("/")[2] in _FLEET
    if not fleet and b".cattle.io" not in file:
        return
    for found in objects(file, path):
        top = Level(found, found.root)
        if fleet:
            for level in levels_of(found):
                helm = under(level, "helm")
                if helm is not None:
                    yield from _bundle(helm)
        elif found.api_version.startswith("helm.cattle.io/") and (spec := under(top, "spec")) is not None:
            yield from fixed_pin(spec, "version", FORMAT, PinKind.CHART, chart_name(spec.text("chart")))
            yield from _text(spec, "valuesContent")
            yield from _assigned(spec)
        elif found.kind == "GitRepo" and found.api_version.startswith("fleet.cattle.io/") and (spec := under(top, "spec")) is not None:
            for key in ("revision", "branch"):
                yield from fixed_pin(spec, key, FORMAT, PinKind.REF, spec.text("repo"))


def _bundle(helm: Level) -> Iterator[Pin]:
    yield from fixed_pin(helm, "version", FORMAT, PinKind.CHART, chart_name(helm.text("chart")))
    for level in below(helm, "values"):
        yield from shape_pins(level, FORMAT)


def _assigned(spec: Level) -> Iterator[Pin]:
    """Yield the versions of `set`, whose keys are dotted paths."""
    values = under(spec, "set")
    yield from shape_pins(values, FORMAT) if values is not None else ()


def _text(level: Level, key: str) -> Iterator[Pin]:
    node, around = level.map.get(key), level.object
    documents = nested(around.file, node) if isinstance(node, Scalar) else None
    for found in objects_of(documents or (), around.file, around.path, around, level.path(key)):
        for inner in levels_of(found):
            yield from shape_pins(inner, FORMAT)
