"""Scalars that a Flux image automation keeps: those with an `$imagepolicy` comment on their line, muted or not."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bot.manifests.documents import Scalar
from bot.manifests.pin import Pin, PinKind
from bot.manifests.vocabulary import is_digest, is_fixed
from bot.manifests.walk import Level, image_pin, whole_pin

# Flux itself takes only a comment that is this JSON and nothing else; any text before it mutes the setter, and the pin stays one.
_SETTER = re.compile(rb'#[^\n]*?\{[ \t]*"\$imagepolicy"[ \t]*:[ \t]*"([^"\n]+)"[ \t]*\}')
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
        namespace, _, rest = match.group(1).decode(errors="replace").partition(":")
        name, _, part = rest.partition(":")
        muted = file[match.start() + 1 : match.end()].lstrip()[:1] != b"{"
        found[line] = Setter(f"{namespace}:{name}", part, match.start(), muted)
    return found


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
