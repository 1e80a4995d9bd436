"""Values under or beside a `# renovate: datasource=… depName=…` comment, in YAML and in any other text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bot.manifests.pin import Pin, PinKind, Style
from bot.manifests.shapes import url_pins
from bot.manifests.vocabulary import is_digest, is_fixed, may_be_version
from bot.manifests.walk import Place, image_pin, levels, whole_pin
from bot.refs import ImageRef

FORMAT = "renovate"

_MARK = re.compile(r"(?:#|//|--|;|/\*|<!--)[ \t]*renovate:[ \t]*(.*)")
_SETTING = re.compile(r"(\w+)=([^\s\"']+)")
_NAMES = ("depName", "packageName", "lookupName", "chart")
_LONGEST_LINE = 4096
_COMMENT = ("#", "//", "--", ";", "/*", "*", "<!--")
_YAML = (".yaml", ".yml", ".json", ".yaml.gotmpl", ".yml.gotmpl", ".yaml.tmpl", ".yaml.tpl", ".yaml.j2", ".yml.j2", ".gotmpl")
_ASSIGNED = re.compile(r"[\s-]*(?:[A-Za-z]+[ \t]+)?[\"']?([A-Za-z_][\w.-]*)[\"']?[ \t]*(?::=|\?=|=|:)[ \t]*([\"'`]?)([^\s\"'`,;]+)")
_TOKEN = re.compile(r"(?<![\w.])[vV]?[0-9]+(?:\.[0-9]+)+[\w.+-]*(?:@sha256:[0-9a-f]{64})?")


@dataclass(frozen=True, slots=True)
class Annotation:
    """`line` is where the annotated value stands: the comment's own line, or the next line with a value."""

    line: int
    artefact: str
    datasource: str


def pins(file: bytes, path: str) -> Iterable[Pin]:
    """Yield the pin of every annotated value; a comment that names no dependency annotates nothing."""
    if b"renovate:" not in file:
        return
    try:
        lines = file.decode("utf-8-sig").split("\n")
    except UnicodeDecodeError:
        return
    found = {annotation.line: annotation for annotation in _annotations(lines)}
    if path.endswith(_YAML):
        yield from _in_yaml(file, path, found)
    else:
        yield from _in_text(file, path, lines, found)


def _annotations(lines: list[str]) -> Iterator[Annotation]:
    waiting: tuple[str, str] | None = None
    for number, line in enumerate(lines, 1):
        text = line.strip()
        match = _MARK.search(line) if "renovate:" in line and len(line) <= _LONGEST_LINE else None
        if match is None:
            if waiting and text and not text.startswith(_COMMENT):
                yield Annotation(number, *waiting)
                waiting = None
            continue
        settings = dict(_SETTING.findall(match.group(1)))
        name = next((settings[key] for key in _NAMES if key in settings), "")
        waiting = (name, settings.get("datasource", "")) if name else None
        if waiting and line[: match.start()].strip():
            yield Annotation(number, *waiting)
            waiting = None


def _in_yaml(file: bytes, path: str, found: dict[int, Annotation]) -> Iterator[Pin]:
    for level in levels(file, path):
        for key, where, scalar in level.leaves():
            annotation = found.get(scalar.line)
            if annotation is not None and scalar.style is not Style.BLOCK and is_fixed(scalar.value):
                yield from _scalar(key, level.at(where, scalar), annotation)


def _scalar(key: str, place: Place, annotation: Annotation) -> Iterator[Pin]:
    text = place.scalar.value
    if "://" in text:
        yield from url_pins(place, FORMAT)
    elif not is_digest(text) and (pin := image_pin(place, FORMAT)):
        yield pin
    elif may_be_version(text) and any(character.isdigit() for character in text):
        pin = whole_pin(place, FORMAT, _kind(key, text, annotation), annotation.artefact)
        if pin is not None:
            yield pin


def _kind(key: str, value: str, annotation: Annotation) -> PinKind:
    if annotation.datasource == "helm":
        return PinKind.CHART
    if value.startswith("sha256:"):
        return PinKind.DIGEST
    return PinKind.TAG if key.lower().endswith("tag") else PinKind.VARIABLE


def _in_text(file: bytes, path: str, lines: list[str], found: dict[int, Annotation]) -> Iterator[Pin]:
    offset = 3 if file.startswith(b"\xef\xbb\xbf") else 0
    for number, line in enumerate(lines, 1):
        annotation = found.get(number)
        span = _value(line) if annotation else None
        if annotation is not None and span is not None:
            key, start, end, image = span
            at = offset + len(line[:start].encode())
            value = line[start:end]
            yield Pin(
                path=path,
                document=0,
                yaml_path=key or annotation.artefact,
                line=number,
                start=at,
                end=at + len(value.encode()),
                format=FORMAT,
                kind=PinKind.IMAGE if image else _kind(key, value, annotation),
                object_kind="",
                object_name="",
                namespace="",
                artefact=image or annotation.artefact,
                value=value,
                style=Style.RAW,
                partial=bool(image),
            )
        offset += len(line.encode()) + 1


def _value(line: str) -> tuple[str, int, int, str] | None:
    """Return key, start and end of the version in a line, and the image it belongs to where it stands in a reference."""
    match = _ASSIGNED.match(line)
    if match is not None:
        text, start = match.group(3), match.start(3)
        image = ImageRef.parse(text) if not is_digest(text) else None
        if image is not None and image.version is not None:
            return match.group(1), match.end(3) - len(image.version), match.end(3), image.name
        if may_be_version(text) and any(character.isdigit() for character in text):
            return match.group(1), start, match.end(3), ""
    tokens = list(_TOKEN.finditer(line))
    return ("", tokens[0].start(), tokens[0].end(), "") if len(tokens) == 1 else None
