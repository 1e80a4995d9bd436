"""While people work on something, its alerts are their doing: nothing is done by itself until that ends."""

from __future__ import annotations

from bot.objections import Objection, Weight
from bot.policy.case import Case
from bot.policy.windows import closed


def maintained(case: Case) -> Objection | None:
    found = closed(case.policy.maintenance, case.service, case.reached, case.now)
    if found is None:
        return None
    window, until = found
    minutes = max(1, round((until - case.now) / 60))
    why = f"it is in maintenance for {minutes} minutes more ({window})"
    return Objection("maintenance", why, Weight.NOTE if case.asked else Weight.FORBIDS, passes=True)
