"""Where the configuration asks for proof, a service goes by itself only once its own scorecard is long and good enough (F20)."""

from __future__ import annotations

from bot.objections import Objection
from bot.policy.case import Case


def unproven(case: Case) -> Objection | None:
    if case.asked or case.undoing or not case.unproven:
        return None
    return Objection("unproven", case.unproven)
