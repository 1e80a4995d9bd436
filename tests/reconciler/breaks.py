"""Rollbot with one thing broken on purpose, to see that the months notice: each break takes out what one of the laws stands on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from bot.plans import make
from bot.policy.rules import table
from bot.policy.rules.once import rolled_back_before
from bot.reconciler import notifying, planning, reconcile, tending
from bot.reconciler.outbox import Sent
from bot.releases import history

Attribute = tuple[Any, str, Any]


def _without(*rules: Callable[..., Any]) -> Attribute:
    return table, "RULES", tuple(rule for rule in table.RULES if rule not in rules)


def _nothing(*_: object, **__: object) -> None:
    """What a check answers that sees nothing."""


def _taken(*_: object) -> Sent:
    return Sent(1, 0.0, 1.0)


BREAKS: dict[str, tuple[str, tuple[Attribute, ...]]] = {
    "forgets what it rolled back": ("law 3", (_without(rolled_back_before),)),
    "takes a rollback for a release": ("law 4", ((history, "is_rollback", lambda _: False), (make, "rolled_back_in", _nothing))),
    "accepts every plan": ("law 6", ((planning, "accepted", lambda *_: ()),)),
    "does not look at the kill switch": ("law 7", ((reconcile, "why_stopped", _nothing), (tending, "why_stopped", _nothing))),
    "tells nobody": ("nobody has been told", ((notifying, "_tried", _taken),)),
}
"""What is broken → what the months then say, and what stands instead of what."""


@contextmanager
def broken(name: str) -> Iterator[None]:
    """Break Rollbot for as long as the block lasts."""
    _, attributes = BREAKS[name]
    before = [(place, attribute, getattr(place, attribute)) for place, attribute, _ in attributes]
    try:
        for place, attribute, value in attributes:
            setattr(place, attribute, value)
        yield
    finally:
        for place, attribute, value in before:
            setattr(place, attribute, value)
