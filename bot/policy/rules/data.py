"""What crosses a migration that nothing takes back is not done by itself at all: a person has better ways (law 6)."""

from __future__ import annotations

from bot.objections import Objection, Weight
from bot.policy.case import Case
from bot.releases.compatibility import Way


def held_by_data(case: Case) -> Objection | None:
    """What a person asks for is theirs to say; the plan's own objection tells them the same."""
    if case.data is None or case.data.way is not Way.HELD or case.asked:
        return None
    return Objection("migration-held", case.data.why, Weight.FORBIDS)
