"""Terraform, tfvars, bake, Terragrunt, Packer and Nomad files, jsonnet, CUE and Nix → the versions that are written out in them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from bot.manifests.braces import tree
from bot.manifests.documents import Scalar
from bot.manifests.fields import chart_name
from bot.manifests.pin import Pin, PinKind
from bot.manifests.promises import Promise, promise
from bot.manifests.shapes import shape_pins
from bot.manifests.texts import has_braces
from bot.manifests.walk import Level, Object, levels_of, whole_pin

FORMAT = "hcl"

_CONSTRAINT = re.compile(r"(?:[~^<>=!]+[ ]*)?v?\d[\w.+-]*(?:[ ]*,[ ]*[~^<>=!]*[ ]*v?\d[\w.+-]*)*")
_CONSTRAINED = frozenset({"version", "required_version", "constraints"})


def pins(file: bytes, path: str) -> Iterable[Pin]:
    """Yield the pins of every `key = "value"` that fixes a version, module and provider constraints among them."""
    root = tree(file, path) if has_braces(path) else None
    if root is None:
        return
    for level in levels_of(Object(file, path, 0, root)):
        seen = set()
        for pin in _constraints(level):
            seen.add(pin.start)
            yield pin
        yield from (pin for pin in shape_pins(level, FORMAT) if pin.start not in seen)


def _constraints(level: Level) -> Iterator[Pin]:
    for key, node in level.map.items:
        if key.value not in _CONSTRAINED and promise(key.value) is not Promise.VERSION:
            continue
        if not isinstance(node, Scalar) or "." not in node.value or not _CONSTRAINT.fullmatch(node.value):
            continue
        chart = level.text("chart")
        pin = whole_pin(level.place(key.value, node), FORMAT, PinKind.CHART if chart else PinKind.VARIABLE, _artefact(level, chart))
        if pin is not None:
            yield pin


def _artefact(level: Level, chart: str) -> str:
    return chart_name(chart) if chart else level.text("source") or level.key
