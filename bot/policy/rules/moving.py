"""A tag or branch that moves (`latest`, `main`) is gone to only by a person: nobody can say what it held back then (F20)."""

from __future__ import annotations

import re

from bot.objections import Objection
from bot.policy.case import Case

_HASH = re.compile(r"[0-9a-f]{7,64}")


def moving_target(case: Case) -> Objection | None:
    if case.asked or case.undoing or case.target is None or not moves(case.target):
        return None
    why = f"{case.target} names no version: what it held then is not what it holds now; pin a digest, or choose a version with --to"
    return Objection("moving-target", why)


def moves(version: str) -> bool:
    """Whether a version has no digest, no number and no hash: whatever is in place of those may be set anew at any time."""
    return bool(version) and not any(letter.isdigit() for letter in version) and not _HASH.fullmatch(version)
