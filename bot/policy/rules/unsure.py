"""What did it with less than the probability to act at is only proposed."""

from __future__ import annotations

from bot.objections import Objection
from bot.policy.case import Case
from bot.policy.judgement import Sureness


def unsure(case: Case) -> Objection | None:
    if case.asked or case.undoing or case.sureness is not Sureness.UNSURE:
        return None
    chance = case.suspect.chance if case.suspect else None
    least = "at no probability does it go by itself" if case.act_at is None else f"from {case.act_at:.0%} on it goes by itself"
    how = "not likely enough" if chance is None else f"its probability of having done it is {chance:.0%}"
    return Objection("unsure", f"{how}; {least}")
