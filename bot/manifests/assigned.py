"""TOML, Make, shell, properties and Dockerfiles → the versions assigned line by line, and the images that are built upon."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from bot.manifests.braces import LARGEST
from bot.manifests.documents import BOM, Map, Scalar
from bot.manifests.pin import Pin, PinKind, Style
from bot.manifests.promises import Promise, promise
from bot.manifests.shapes import shape_pins
from bot.manifests.texts import has_lines, of_packages
from bot.manifests.vocabulary import may_be_version
from bot.manifests.walk import Level, Object, Place, image_pin, levels_of, whole_pin

FORMAT = "assigned"

_SECTION = re.compile(rb"[ \t]*\[{1,2}[ \t]*([^\]\n]+?)[ \t]*\]{1,2}[ \t\r]*(?:#.*)?")
_ASSIGNED = re.compile(
    rb"""[ \t]*(?:(?:export|readonly|local|declare|ARG|ENV)[ \t]+)*(?P<key>"[^"]+"|[A-Za-z_][\w./:@-]*?)[ \t]*(?::=|\?=|=)[ \t]*"""
    rb"""(?:"(?P<double>[^"\\$`]*)"|'(?P<single>[^'\\]*)'|(?P<bare>[^\s"'`$#();|&<>\[\]{}]+))[ \t\r]*(?:[#;].*)?"""
)
_ENV = re.compile(rb"[ \t]*ENV[ \t]+(?P<key>[A-Za-z_]\w*)[ \t]+(?P<bare>[^\s=\"'`$]+)[ \t\r]*")
_FROM = re.compile(rb"[ \t]*FROM[ \t]+(?:--\S+[ \t]+)*(?P<image>[^\s]+)(?:[ \t]+AS[ \t]+(?P<stage>\S+))?[ \t\r]*", re.IGNORECASE)
_COPY = re.compile(rb"[ \t]*COPY[ \t]+(?:--\S+[ \t]+)*?--from=(?P<image>[^\s]*[/:][^\s]*)[ \t].*", re.IGNORECASE)
_TOOL = re.compile(rb"(?P<key>[A-Za-z][\w-]*)[ \t]+(?P<bare>[^\s#]+)[ \t\r]*(?:#.*)?")
_DOCKER = re.compile(r"(?:Dockerfile|Containerfile)(?:\..+)?|.+\.dockerfile")
_TOOLS = frozenset({".mise.toml", "mise.toml", ".tool-versions", ".config/mise.toml"})
_LONGEST_LINE = 4096


def pins(file: bytes, path: str) -> Iterable[Pin]:
    """Yield the pins of the lines that assign a version, of tools, and of `FROM` and `COPY --from`."""
    if not has_lines(path) or of_packages(path) or len(file) > LARGEST:
        return
    name = path.rpartition("/")[2]
    around = Object(file, path, 0, Map(line=1))
    docker = _DOCKER.fullmatch(name) is not None
    section = around.root
    for number, start, line in _lines(file):
        if docker and (match := _FROM.fullmatch(line) or _COPY.fullmatch(line)):
            yield from _built_upon(around, match, start, number)
        elif name.endswith(".toml") and (match := _SECTION.fullmatch(line)):
            section = Map(line=number)
            around.root.items.append((_key(match[1].decode(errors="replace"), number), section))
        elif match := _assignment(line, docker, name == ".tool-versions"):
            section.items.append((_key(match["key"].decode().strip('"'), number), _scalar(match, start, number)))
    tools = name in _TOOLS
    for level in levels_of(around):
        yield from _tools(level) if tools and level.key in ("tools", "") else shape_pins(level, FORMAT)


def _lines(file: bytes) -> Iterator[tuple[int, int, bytes]]:
    start = len(BOM) if file.startswith(BOM) else 0
    for number, line in enumerate(file[start:].split(b"\n"), 1):
        if len(line) <= _LONGEST_LINE and line.isascii():
            yield number, start, line
        start += len(line) + 1


def _assignment(line: bytes, docker: bool, tools: bool) -> re.Match[bytes] | None:
    found = _ASSIGNED.fullmatch(line)
    if found is None and docker:
        found = _ENV.fullmatch(line)
    return _TOOL.fullmatch(line) if found is None and tools else found


def _key(text: str, line: int) -> Scalar:
    return Scalar(text, 0, 0, Style.PLAIN, line)


def _scalar(match: re.Match[bytes], start: int, line: int) -> Scalar:
    group = next((name for name in ("double", "single", "bare") if match.groupdict().get(name) is not None), "bare")
    first, last = match.span(group)
    return Scalar(match[group].decode(), start + first, start + last, Style.RAW, line)


def _built_upon(around: Object, match: re.Match[bytes], start: int, line: int) -> Iterator[Pin]:
    first, last = match.span("image")
    text = match["image"].decode()
    stage = match.groupdict().get("stage")
    keyword = match.group().split(None, 1)[0].decode().upper()
    name = stage.decode() if stage else re.split(r"[:@]", text.rpartition("/")[2])[0]
    pin = image_pin(Place(around, f"{keyword}[{name}]", Scalar(text, start + first, start + last, Style.RAW, line)), FORMAT)
    if pin is not None:
        yield pin


def _tools(level: Level) -> Iterator[Pin]:
    """Yield the version of every tool that mise or asdf installs."""
    for key, node in level.map.items:
        if isinstance(node, Scalar) and may_be_version(node.value) and any(character.isdigit() for character in node.value):
            kind = PinKind.REF if promise(key.value) is Promise.REF else PinKind.VARIABLE
            if pin := whole_pin(level.place(key.value, node), FORMAT, kind, key.value):
                yield pin
