"""In a frozen environment nothing is done without a person."""

from __future__ import annotations

from fnmatch import fnmatchcase

from bot.objections import Objection
from bot.policy.case import Case


def frozen(case: Case) -> Objection | None:
    if not any(fnmatchcase(case.service.environment, name) for name in case.policy.frozen):
        return None
    return Objection("frozen", f"{case.service.environment} is frozen; a person may merge, or end the freeze in `.rollbot.yaml`")
