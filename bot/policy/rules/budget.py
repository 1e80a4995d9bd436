"""One change by ourselves per incident, then a person (F1, F20)."""

from __future__ import annotations

from bot.objections import Objection
from bot.policy.case import Case


def changed_already(case: Case) -> Objection | None:
    if case.asked or case.undoing or not case.changed:
        return None
    return Objection("changed-already", "this incident has made a change by itself already; the next one is a person's")
