"""A decision to roll back × who else acts on the release → the same, or drained first, or halted, or only Git repaired (F14)."""

from __future__ import annotations

from bot.policy.case import Case
from bot.policy.decide import Decision, Halt, Repair, Rollback, ShiftTraffic


def eased(decision: Decision, case: Case) -> Decision:
    """Never act on one release together with a progressive controller: let it finish, then make Git say what runs."""
    if not isinstance(decision, Rollback):
        return decision
    if case.healed:
        return Repair(decision.suspect, case.healed, decision.objections)
    if case.rolling:
        return Halt(decision.suspect, case.rolling)
    return ShiftTraffic(decision.suspect, decision.objections) if case.drains else decision
