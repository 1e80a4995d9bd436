"""A service that was rolled back a moment ago is not rolled back again without a person."""

from __future__ import annotations

from bot.objections import Objection
from bot.policy.case import Case


def cooling_down(case: Case) -> Objection | None:
    last = max((past.at for past in case.past), default=None)
    if last is None or case.now - last >= case.policy.cooldown:
        return None
    minutes = round((case.now - last) / 60)
    return Objection("cooldown", f"{case.service} was rolled back {minutes} minutes ago")
