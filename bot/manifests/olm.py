"""Operator Lifecycle Manager's Subscriptions → the channel and the starting version of an operator."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from bot.manifests.documents import Scalar
from bot.manifests.fields import under
from bot.manifests.pin import Pin, PinKind
from bot.manifests.vocabulary import is_fixed
from bot.manifests.walk import Level, objects, part_pin, whole_pin

FORMAT = "olm"

_RELEASE = re.compile(r"\.([vV]?\d+\.\d[\w.+-]*)\Z")


def pins(file: bytes, path: str) -> Iterable[Pin]:
    """Yield the pins of every Subscription: `channel: stable-1.2`, and the version in `startingCSV: name.v1.2.3`."""
    if b"operators.coreos.com" not in file:
        return
    for found in objects(file, path):
        if found.kind == "Subscription" and found.api_version.startswith("operators.coreos.com/"):
            spec = under(Level(found, found.root), "spec")
            if spec is not None:
                yield from _subscription(spec)


def _subscription(spec: Level) -> Iterator[Pin]:
    operator = spec.text("name")
    channel, starting = spec.map.get("channel"), spec.map.get("startingCSV")
    if isinstance(channel, Scalar) and is_fixed(channel.value):
        pin = whole_pin(spec.place("channel", channel), FORMAT, PinKind.REF, operator)
        if pin is not None:
            yield pin
    match = _RELEASE.search(starting.value) if isinstance(starting, Scalar) else None
    if isinstance(starting, Scalar) and match is not None:
        pin = part_pin(spec.place("startingCSV", starting), FORMAT, PinKind.VARIABLE, operator, match.start(1), match.end(1))
        if pin is not None:
            yield pin
