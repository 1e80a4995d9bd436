"""Where a person has released something since the symptom began, a person is at work: propose (F13)."""

from __future__ import annotations

from bot.objections import Objection
from bot.policy.case import Case


def person_at_work(case: Case) -> Objection | None:
    theirs = next((release for release in case.since if not release.bot and not release.rollback), None)
    if case.asked or theirs is None:
        return None
    return Objection("person-at-work", f"{theirs.author} released {theirs.version} ({theirs.commit[:8]}) after the symptom began")
