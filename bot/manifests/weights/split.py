"""A split: where one route's traffic goes, in which shares. What every kind of route is read into."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from bot.manifests.documents import Alias, Scalar
from bot.manifests.pin import Pin, PinKind
from bot.manifests.templates import MASK
from bot.manifests.walk import Level, Object, whole_pin
from bot.objections import Objection, Weight

NUMBER = re.compile(r"0|[1-9][0-9]{0,6}")
"""A weight as all readers of YAML understand it; the greatest that any kind allows is 1,000,000 (Gateway API)."""


@dataclass(frozen=True, slots=True)
class Share:
    """What one backend gets. `pin` is its weight's scalar, None where it cannot be edited, and `why` says so.

    `backend` is the name of the Service (Istio: `host/subset` where a subset is named).
    """

    backend: str
    line: int
    pin: Pin | None = None
    why: str = ""

    @property
    def weight(self) -> int:
        """0 where it cannot be read; look at `why` first."""
        return int(self.pin.value) if self.pin is not None else 0


@dataclass(frozen=True, slots=True)
class Split:
    """One rule of one object. `total`: what its weights have to sum to (None: they are relative, and sum to anything but 0).

    `rest`: what the shares leave of `total` goes elsewhere by itself (to the main Ingress, to the stable pods): a weight may just go to 0.
    `against`: why it must not be drained, whatever its weights. `cautions`: what holds all the same once it is drained.
    """

    path: str
    line: int
    object: str
    shares: tuple[Share, ...]
    total: int | None = None
    rest: bool = False
    against: Objection | None = None
    cautions: tuple[Objection, ...] = ()

    @property
    def backends(self) -> frozenset[str]:
        return frozenset(share.backend for share in self.shares)


class Weights(Protocol):
    """A row of WEIGHTS: yields the splits of one object, none where it is of another kind. Pure; never raises for a stranger's file."""

    def __call__(self, found: Object, /) -> Iterable[Split]: ...


def share(level: Level, key: str, backend: str, format_name: str) -> Share:
    """Read what stands under `key` beside a backend's name as its weight."""
    node = level.map.get(key)
    line = node.line if node is not None else level.map.line
    if node is None:
        return Share(backend, line, None, f"the weight of {backend} is not written down")
    if isinstance(node, Alias):
        return Share(backend, line, None, f"the weight of {backend} is an alias (*{node.name}): it stands for other places too")
    if not isinstance(node, Scalar):
        return Share(backend, line, None, f"the weight of {backend} is no number")
    if MASK in node.value or "{{" in node.value or "$" in node.value:
        return Share(backend, line, None, f"the weight of {backend} is a template: it is decided elsewhere")
    if node.anchor is not None:
        return Share(backend, line, None, f"the weight of {backend} has an anchor (&{node.anchor}): other places may follow it")
    if NUMBER.fullmatch(node.value) is None:
        return Share(backend, line, None, f"the weight of {backend} is no whole number: {node.value[:20]!r}")
    pin = whole_pin(level.place(key, node), f"weights/{format_name}", PinKind.VARIABLE, backend)
    return Share(backend, line, pin, "" if pin else f"the weight of {backend} is written in a way that cannot be edited exactly")


def split(level: Level, shares: Iterable[Share], total: int | None = None) -> Split:
    """A split whose backends stand side by side in one list."""
    found = level.object
    return Split(found.path, level.map.line, named(found), tuple(shares), total)


def named(found: Object) -> str:
    return f"{found.kind} {found.name or '(without a name)'}"


def objection(code: str, why: str, path: str, line: int) -> Objection:
    return Objection(code, why, Weight.FORBIDS, path, line)
