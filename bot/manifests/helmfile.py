"""Helmfiles → the chart versions of their releases, and the versions in values that stand inline."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from bot.manifests.documents import Map, Scalar, Seq
from bot.manifests.fields import chart_name, fixed_pin
from bot.manifests.parameters import parameter_pins
from bot.manifests.pin import Pin, PinKind
from bot.manifests.shapes import shape_pins
from bot.manifests.templated import is_templated, literal_pins
from bot.manifests.walk import Level, Object, entries, levels_of, objects

FORMAT = "helmfile"
KIND = "HelmfileRelease"
"""`object_kind` of a helmfile's pins; `object_name` and `namespace` are the release's."""


def pins(file: bytes, path: str) -> Iterable[Pin]:
    """Yield the pins of every document that lists releases with their charts, whatever the file's name."""
    if b"releases" not in file:
        return
    for found in objects(file, path):
        if _is_helmfile(found):
            for release in entries(Level(found, found.root), "releases"):
                yield from _release(release)
            for template in _templates(found):
                yield from _release(template)


def _is_helmfile(found: Object) -> bool:
    releases = found.root.get("releases")
    if found.kind or not isinstance(releases, Seq):
        return False
    return any(isinstance(item, Map) and item.text("name") and item.text("chart") for item in releases.items)


def _templates(found: Object) -> Iterator[Level]:
    """Yield the release templates that `inherit` and anchors refer to."""
    node = found.root.get("templates")
    if isinstance(node, Map):
        above = Level(found, node, Level(found, found.root), "templates")
        for key, template in node.items:
            if isinstance(template, Map):
                yield Level(found, template, above, key.value)


def _release(here: Level) -> Iterator[Pin]:
    found = replace(here.object, kind=KIND, name=here.text("name") or ("" if here.items else here.key), namespace=here.text("namespace"))
    release = Level(found, here.map, here.up, here.key, here.items)
    chart = release.text("chart")
    if chart:
        yield from fixed_pin(release, "version", FORMAT, PinKind.CHART, chart_name(chart))
        node = release.map.get("version")
        if isinstance(node, Scalar) and is_templated(release.place("version", node)):
            yield from literal_pins(release.place("version", node), FORMAT, PinKind.CHART, chart_name(chart))
    for values in entries(release, "values"):
        # the list names files and holds mappings; only the mappings are values
        for level in levels_of(replace(found, root=values.map, prefix=values.yaml_path)):
            yield from shape_pins(level, FORMAT)
    for key in ("set", "setString"):
        yield from parameter_pins(entries(release, key), FORMAT)
