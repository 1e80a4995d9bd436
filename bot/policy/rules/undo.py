"""An undo brings the suspected version back: it is proposed, unless configured otherwise (F1)."""

from __future__ import annotations

from bot.objections import Objection
from bot.policy.case import Case


def undo_needs_person(case: Case) -> Objection | None:
    if not case.undoing or case.policy.undo_alone:
        return None
    return Objection("undo-proposed", "an undo is proposed; `policy.undo_alone: true` lets it go by itself")
