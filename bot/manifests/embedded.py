"""YAML that stands as text in a block scalar of anything (plug-in configuration, values, whole manifests) → the pins in it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from bot.manifests import argocd, flux
from bot.manifests.documents import Scalar
from bot.manifests.nested import nested
from bot.manifests.pin import Pin, Style
from bot.manifests.shapes import shape_pins
from bot.manifests.walk import Level, levels, levels_of, objects_of

FORMAT = "embedded"

_LARGEST = 256 * 1024
_DEEPEST = 3
_HINT = re.compile(r"(?i:image|tag|version|revision)[\w.\"']*[ \t]*:|\?ref=|/releases/download/")
_NO_YAML = re.compile(r".*(?:\.(?:json|sh|py|lua|rego|conf|cfg|ini|properties|sql|md|txt|html|js|toml|tpl|xml|go)|json|script|query)")
_VALUES = re.compile(r".*\.ya?ml|.*[vV]alues(?:Content)?|values_?yaml")


def pins(file: bytes, path: str, /) -> Iterable[Pin]:
    """Yield the pins of every literal block scalar whose text is a mapping or a list in YAML."""
    if b"|" in file:
        for level in levels(file, path):
            yield from _level(level, 1)


def _level(level: Level, depth: int) -> Iterator[Pin]:
    for key, where, scalar in level.leaves():
        if scalar.style is Style.BLOCK and len(scalar.value) <= _LARGEST and not _NO_YAML.fullmatch(key) and _HINT.search(scalar.value):
            yield from _text(level, key, where, scalar, depth)


def _text(level: Level, key: str, where: str, scalar: Scalar, depth: int) -> Iterator[Pin]:
    around, place = level.object, level.at(where, scalar)
    documents = nested(around.file, scalar)
    for found in objects_of(documents or (), around.file, around.path, around, place.yaml_path):
        known = flux.object_pins(found) if found.kind != around.kind else None
        known = argocd.object_pins(found) if known is None and found.kind != around.kind else known
        if known is not None:
            yield from known
            continue
        for inner in levels_of(found):
            yield from shape_pins(inner, FORMAT, versions=_VALUES.fullmatch(key) is not None)
            if depth < _DEEPEST:
                yield from _level(inner, depth + 1)
