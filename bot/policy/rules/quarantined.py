"""What is in quarantine is no target."""

from __future__ import annotations

from bot.objections import Objection, Weight
from bot.policy.case import Case


def quarantined_target(case: Case) -> Objection | None:
    for held in case.quarantines:
        of_service = (held.environment, held.service) == (case.service.environment, case.service.name)
        if of_service and case.target == held.version and case.now < held.expires:
            why = f"{held.version} is in quarantine: {held.reason}; lift it by deleting {held.path}"
            return Objection("quarantined-target", why, Weight.FORBIDS, held.path)
    return None
