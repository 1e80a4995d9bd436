"""A target many releases back is gone to only by a person (F20)."""

from __future__ import annotations

from bot.objections import Objection
from bot.policy.case import Case


def far_target(case: Case) -> Objection | None:
    if case.asked or case.undoing or case.releases_back <= case.window.max_releases_back:
        return None
    why = f"{case.target} is {case.releases_back} releases back; more than {case.window.max_releases_back} need a person"
    return Objection("far-target", why)
