"""A release that says that it mends a security hole goes back only by a person: the hole would come back with it (F19)."""

from __future__ import annotations

from bot.objections import Objection
from bot.policy.case import Case


def mends_a_hole(case: Case) -> Objection | None:
    if case.asked or case.undoing or not case.security:
        return None
    return Objection("security-fix", f"what would go back says of itself: {', '.join(case.security[:3])}")
