"""Scalars that a Flux image automation keeps: those with an `$imagepolicy` comment on their line, muted or not."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass

from bot.manifests.documents import Scalar
from bot.manifests.pin import Pin, PinKind
from bot.manifests.vocabulary import is_digest, is_fixed
from bot.manifests.walk import Level, image_pin, whole_pin

# Flux itself takes only a comment that is this JSON and nothing else; any text before it mutes the setter, and the pin stays one.
_SETTER = re.compile(rb'\{[ \t]*"\$imagepolicy"[ \t]*:[ \t]*"([^"\n]+)"[ \t]*\}')
_LIVE = re.compile(rb'(#[ \t]*)(?=\{[ \t]*"\$imagepolicy"[ \t]*:)')
_HELD = re.compile(rb'(#[ \t]*)rollbot held until [0-9]{4}-[0-9]{2}-[0-9]{2}: (?=\{[ \t]*"\$imagepolicy"[ \t]*:)')
_KINDS = {"tag": PinKind.TAG, "digest": PinKind.DIGEST}


@dataclass(frozen=True, slots=True)
class Setter:
    """`policy` is `namespace:name`; `part` is what of the image it sets: tag, name, digest, or "" for all of it."""

    policy: str
    part: str
    start: int
    muted: bool


def setters(file: bytes) -> dict[int, Setter]:
    """Return the setter comments of a file by line (1-based)."""
    found: dict[int, Setter] = {}
    line, at = 1, 0
    for match in _SETTER.finditer(file):
        line, at = line + file.count(b"\n", at, match.start()), match.start()
        start = file.find(b"#", file.rfind(b"\n", 0, at) + 1, at)
        if line in found or start < 0:
            continue
        namespace, _, rest = match.group(1).decode(errors="replace").partition(":")
        name, _, part = rest.partition(":")
        muted = bool(file[start + 1 : at].strip())
        found[line] = Setter(f"{namespace}:{name}", part, start, muted)
    return found


def mute(file: bytes, lines: Collection[int], day: str) -> bytes:
    """Return the file with the setters of these lines (1-based) muted: Flux takes `# rollbot held until 2026-12-08: {…}` for no setter.

    Flux also reads a comment alone on the line above its scalar; that is muted too. One that is muted already stays as it is.
    """
    return _on(file, lines, lambda line: _LIVE.sub(rb"\g<1>rollbot held until " + day.encode() + b": ", line, count=1))


def unmute(file: bytes, lines: Collection[int]) -> bytes:
    """Return the file with the setters of these lines as they were before `mute`; what a person muted otherwise stays muted."""
    return _on(file, lines, lambda line: _HELD.sub(rb"\g<1>", line, count=1))


def _on(file: bytes, lines: Collection[int], change: Callable[[bytes], bytes]) -> bytes:
    if b"$imagepolicy" not in file:
        return file
    parts = file.split(b"\n")
    for number in lines:
        above = number - 2
        if 0 <= above < len(parts) and parts[above].lstrip().startswith(b"#"):
            parts[above] = change(parts[above])
        if 0 < number <= len(parts):
            parts[number - 1] = change(parts[number - 1])
    return b"\n".join(parts)


def setter_pins(file: bytes, levels: Iterable[Level], format_name: str) -> Iterator[Pin]:
    """Yield a pin for every scalar of the file's mappings with a setter comment after it; `:name` setters fix no version."""
    comments = setters(file) if b"$imagepolicy" in file else {}
    for level in levels if comments else ():
        for _, under, scalar in level.leaves():
            setter = comments.get(scalar.line)
            if setter is not None and scalar.end <= setter.start and b"," not in file[scalar.end : setter.start]:
                yield from _pin(level, under, scalar, setter, format_name)


def _pin(level: Level, under: str, scalar: Scalar, setter: Setter, format_name: str) -> Iterator[Pin]:
    place = level.at(under, scalar)
    pin: Pin | None = None
    if setter.part in _KINDS and is_fixed(scalar.value):
        pin = whole_pin(place, format_name, _KINDS[setter.part], setter.policy.partition(":")[2])
    elif not setter.part and not is_digest(scalar.value):
        pin = image_pin(place, format_name)
    if pin is not None:
        yield pin
