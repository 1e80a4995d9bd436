"""In a frozen environment nothing is done without a person."""

from __future__ import annotations

from fnmatch import fnmatchcase

from bot.objections import Objection
from bot.policy.case import Case


def frozen(case: Case) -> Objection | None:
    reached = case.reached or (case.service.environment,)
    found = next((each for each in reached if any(fnmatchcase(each, name) for name in case.policy.frozen)), None)
    if found is None:
        return None
    return Objection("frozen", f"{found} is frozen; a person may merge, or end the freeze in `.rollbot.yaml`")
