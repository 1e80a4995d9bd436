"""What others stand on is changed by a person only, however far trust goes in each of their environments (F11)."""

from __future__ import annotations

from bot.objections import Objection
from bot.policy.case import Case

SHOWN = 5


def shared_with(case: Case) -> Objection | None:
    if case.asked or case.undoing or not case.consumers:
        return None
    others = ", ".join(str(other) for other in case.consumers[:SHOWN]) + (" and others" if len(case.consumers) > SHOWN else "")
    return Objection("shared", f"the same lines say what {others} runs; pin it in {case.service} alone, or let a person decide")
