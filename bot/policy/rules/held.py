"""A person said hold: nothing is done by itself until that ends; a person's own request still may."""

from __future__ import annotations

from bot.objections import Objection, Weight
from bot.policy.case import Case
from bot.policy.words import ending, holding


def held(case: Case) -> Objection | None:
    hold = holding(case.holds, case.service, case.now)
    if hold is None:
        return None
    minutes = max(1, round((hold.until - case.now) / 60))
    reason = f" ({hold.reason})" if hold.reason else ""
    why = f"{hold.by} holds it for {minutes} minutes more{reason}; `{ending(hold)}` ends that"
    return Objection("held", why, Weight.NOTE if case.asked else Weight.FORBIDS)
