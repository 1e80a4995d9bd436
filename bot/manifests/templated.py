"""Scalars that a template writes in part → the versions that stand in them as they are, between templates or after one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from bot.manifests.pin import Pin, PinKind, Style
from bot.manifests.vocabulary import may_be_version, names_version
from bot.manifests.walk import Place, levels

FORMAT = "templated"

_BETWEEN = re.compile(r"\}\}[ ]*([A-Za-z0-9][\w.+-]*)[ ]*(?=\{\{)")
_AFTER_NAME = re.compile(r"\}\}([\w./-]*):([A-Za-z0-9_][\w.-]{0,127}(?:@sha256:[0-9a-f]{64})?)\Z")
_DIGIT = re.compile(r"\d")


def pins(file: bytes, path: str) -> Iterable[Pin]:
    """Yield the literal versions of every scalar whose key promises one and whose text a template writes in part."""
    if b"{{" not in file:
        return
    for level in levels(file, path):
        for key, where, scalar in level.leaves():
            if names_version(key) and is_templated(level.at(where, scalar)):
                if key.lower().endswith("image"):
                    yield from _image(level.at(where, scalar))
                else:
                    kind = PinKind.TAG if key.lower().endswith("tag") else PinKind.VARIABLE
                    yield from literal_pins(level.at(where, scalar), FORMAT, kind, level.text("name"))


def is_templated(place: Place) -> bool:
    """Say whether the scalar is written on one line and holds a template there."""
    text = _text(place)
    return place.scalar.style is not Style.BLOCK and "{{" in text and "\n" not in text


def literal_pins(place: Place, format_name: str, kind: PinKind, artefact: str) -> Iterator[Pin]:
    """Yield the versions between templates, `'{{ if … }}0.1.2{{ else }}0.2.0{{ end }}'`, as `…#1`, `…#2`."""
    text = _text(place)
    for number, match in enumerate(_BETWEEN.finditer(text), 1):
        if _DIGIT.search(match[1]) and may_be_version(match[1]):
            again = Place(place.object, f"{place.yaml_path}#{number}", place.scalar)
            yield _pin(again, format_name, kind, artefact, text, match.span(1))


def _image(place: Place) -> Iterator[Pin]:
    """Yield the version at the end of `{{ … }}/name:1.2`."""
    text = _text(place)
    if match := _AFTER_NAME.search(text):
        yield _pin(place, FORMAT, PinKind.IMAGE, match[1].strip("/"), text, match.span(2))


def _text(place: Place) -> str:
    return place.object.file[place.scalar.start : place.scalar.end].decode()


def _pin(place: Place, format_name: str, kind: PinKind, artefact: str, text: str, span: tuple[int, int]) -> Pin:
    found, scalar = place.object, place.scalar
    start, value = scalar.start + len(text[: span[0]].encode()), text[span[0] : span[1]]
    return Pin(
        path=found.path,
        document=found.document,
        yaml_path=place.yaml_path,
        line=scalar.line,
        start=start,
        end=start + len(value.encode()),
        format=format_name,
        kind=kind,
        object_kind=found.kind,
        object_name=found.name,
        namespace=found.namespace,
        artefact=artefact,
        value=value,
        style=scalar.style,
        partial=True,
    )
