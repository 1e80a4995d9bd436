"""A target that has not run for long is gone to only by a person: what it needs may have moved on without it (F20)."""

from __future__ import annotations

from bot.objections import Objection
from bot.policy.case import Case

DAY = 86_400.0


def stale_target(case: Case) -> Objection | None:
    if case.asked or case.undoing or case.target_left is None:
        return None
    age, most = case.now - case.target_left, case.window.max_target_age
    if age <= most:
        return None
    return Objection("stale-target", f"{case.target} has not run for {age / DAY:.0f} days; more than {most / DAY:.0f} need a person")
