"""Where a person has released, or is about to release, something since the symptom began, a person is at work: propose (F13)."""

from __future__ import annotations

from bot.objections import Objection
from bot.policy.case import Case


def person_at_work(case: Case) -> Objection | None:
    if case.asked:
        return None
    theirs = next((release for release in case.since if not release.bot and not release.rollback), None)
    if theirs is not None:
        return Objection("person-at-work", f"{theirs.author} released {theirs.version} ({theirs.commit[:8]}) after the symptom began")
    if case.fixing:
        return Objection("person-at-work", f"{', '.join(case.fixing)}, moved since the symptom began, touches what would go back")
    return None
