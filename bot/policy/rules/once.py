"""One rollback per service and bad release (law 3): the same change released again is the same release."""

from __future__ import annotations

from bot.objections import Objection, Weight
from bot.policy.case import Case

HELPS_WITHIN = 3600.0
"""So long it is waited whether a group that another incident took back helps this one's service too."""


def rolled_back_before(case: Case) -> Objection | None:
    if case.release is None:
        return None
    for past in case.past:
        if case.release.commit == past.release or case.release.identity == past.identity:
            if past.along and not case.asked and case.now - past.at < HELPS_WITHIN:
                why = f"{case.release.version} went back along with another service, in {past.incident}; whether that helps is waited for"
                return Objection("rolled-back-before", why, Weight.FORBIDS, passes=True)
            weight = Weight.PERSON if case.asked else Weight.FORBIDS
            return Objection("rolled-back-before", f"{case.release.version} was rolled back before, in {past.incident}", weight)
    return None
