"""Services that others stand on are never rolled back without a person (F20)."""

from __future__ import annotations

from fnmatch import fnmatchcase

from bot.objections import Objection
from bot.policy.case import Case


def protected(case: Case) -> Objection | None:
    name = next((name for name in case.policy.protected if fnmatchcase(case.service.name, name)), None)
    return None if name is None else Objection("protected", f"{case.service.name} is protected ({name})")
