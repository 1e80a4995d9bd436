"""One rollback per service and bad release (law 3): the same change released again is the same release."""

from __future__ import annotations

from bot.objections import Objection, Weight
from bot.policy.case import Case


def rolled_back_before(case: Case) -> Objection | None:
    if case.release is None:
        return None
    for past in case.past:
        if case.release.commit == past.release or case.release.identity == past.identity:
            weight = Weight.PERSON if case.asked else Weight.FORBIDS
            return Objection("rolled-back-before", f"{case.release.version} was rolled back before, in {past.incident}", weight)
    return None
