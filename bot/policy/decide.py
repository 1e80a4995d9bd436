"""A case → what to do about it: the decision, with its reasons."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bot.attribution.suspects import Suspect
from bot.objections import Objection, Weight, heaviest
from bot.policy.case import Case
from bot.policy.rules.table import objections

UNDONE_BEFORE_A_PERSON = 2


@dataclass(frozen=True, slots=True)
class Rollback:
    """Take this suspect's release back."""

    suspect: Suspect
    objections: tuple[Objection, ...] = ()


@dataclass(frozen=True, slots=True)
class Comply:
    """Do what a person asked; whom to suspect is not ours to say."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing yet, and nothing against it: look again in so many seconds."""

    why: str
    again: float = 300.0


@dataclass(frozen=True, slots=True)
class Refuse:
    """It must not be done."""

    objections: tuple[Objection, ...]


@dataclass(frozen=True, slots=True)
class Escalate:
    """There is nothing more for us to do; a person has to."""

    why: str


Decision = Rollback | Comply | Wait | Refuse | Escalate


def decide(case: Case) -> Decision:
    if case.asked:
        return Comply()
    if not case.acts:
        return Wait("; ".join(dict.fromkeys(case.why_not)) or "none of its alerts is allowed to change Git")
    if case.undone >= UNDONE_BEFORE_A_PERSON:
        return Escalate(f"{case.undone} rollbacks did not help and were undone")
    suspects = case.attribution.suspects if case.attribution else ()
    if not suspects:
        return Escalate("no release of this service did this: none was live when the symptom began and stands accused still")
    return against(case, suspects[0])


def against(case: Case, suspect: Suspect) -> Rollback | Refuse | Wait:
    """What the rules say of taking this suspect's release back."""
    found = objections(replace(case, suspect=suspect, release=suspect.release))
    passing = next((each for each in found if each.passes and each.weight is Weight.FORBIDS), None)
    if passing is not None:
        return Wait(str(passing))
    if heaviest(found) is Weight.FORBIDS:
        return Refuse(found)
    return Rollback(suspect, found)
