"""A decision's and a plan's objections × trust → how far it goes by itself, or why not at all."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from bot.objections import Objection, Weight, heaviest
from bot.policy.settings import Trust


@dataclass(frozen=True, slots=True)
class Admitted:
    """`mode` is how far we carry it out ourselves; `objections` is all there is to say against it."""

    mode: Trust
    objections: tuple[Objection, ...]


@dataclass(frozen=True, slots=True)
class Declined:
    objections: tuple[Objection, ...]


def accepted(objections: tuple[Objection, ...], codes: Collection[str]) -> tuple[Objection, ...]:
    """The same objections, those that the configuration accepts only noted."""
    return tuple(replace(each, weight=Weight.NOTE) if each.code in codes and each.weight is Weight.PERSON else each for each in objections)


def admit(objections: tuple[Objection, ...], trust: Trust, asked: bool = False, mode: Trust | None = None) -> Admitted | Declined:
    """Weigh all objections at once. `mode`: how far a person who asked wants it to go, None where they did not say.

    A person's word carries a request as far as they said, past what needs a person; what is forbidden stays forbidden.
    """
    weight = heaviest(objections)
    if weight is Weight.FORBIDS:
        return Declined(objections)
    if asked and mode is not None:
        return Admitted(mode, objections)
    wanted = max(trust, Trust.PROPOSE, key=lambda rung: rung.rung) if asked else trust
    if weight is Weight.PERSON:
        wanted = min(wanted, Trust.PROPOSE, key=lambda rung: rung.rung)
    return Admitted(wanted, objections)
