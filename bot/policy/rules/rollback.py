"""A rollback is not rolled back by another rollback (law 4)."""

from __future__ import annotations

from bot.objections import Objection, Weight
from bot.policy.case import Case


def is_rollback(case: Case) -> Objection | None:
    if case.release is None or not case.release.rollback:
        return None
    weight = Weight.PERSON if case.asked else Weight.FORBIDS
    return Objection("is-rollback", f"{case.release.commit[:8]} is itself a rollback", weight)
