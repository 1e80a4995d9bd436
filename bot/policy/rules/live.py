"""Only what a cluster confirms to have been live when the symptom began is taken back without a person (F5)."""

from __future__ import annotations

from bot.objections import Objection
from bot.policy.case import Case


def live_unknown(case: Case) -> Objection | None:
    if case.suspect is None or case.suspect.sure:
        return None
    return Objection("live-unknown", case.suspect.why)
