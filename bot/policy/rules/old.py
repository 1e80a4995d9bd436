"""A suspect that was released long before the symptom is only proposed (F20)."""

from __future__ import annotations

from bot.objections import Objection
from bot.policy.case import Case


def old_suspect(case: Case) -> Objection | None:
    if case.suspect is None or case.attribution is None:
        return None
    age = case.attribution.onset.earliest - case.suspect.release.time
    if age <= case.window.merge_within:
        return None
    return Objection("old-suspect", f"{case.suspect.release.version} was released {age / 3600:.0f} hours before the symptom began")
