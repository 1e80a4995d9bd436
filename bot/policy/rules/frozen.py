"""In a frozen environment nothing is done without a person; a freeze may let rollbacks through, where it says so."""

from __future__ import annotations

from datetime import UTC, datetime
from fnmatch import fnmatchcase

from bot.objections import Objection, Weight
from bot.policy.case import Case
from bot.policy.windows import Freeze, closed


def frozen(case: Case) -> Objection | None:
    reached = case.reached or (case.service.environment,)
    found = next((each for each in reached if any(fnmatchcase(each, name) for name in case.policy.frozen)), None)
    if found is not None:
        return Objection("frozen", f"{found} is frozen; a person may merge, or end the freeze in `.rollbot.yaml`")
    strict = _open(case, [each for each in case.policy.freezes if case.undoing or not each.rollbacks])
    if strict:
        return Objection("frozen", f"{strict}; a person may merge, or the freeze's `rollbacks: true` lets rollbacks go by themselves")
    lenient = _open(case, case.policy.freezes)
    return Objection("frozen", f"{lenient}, which lets rollbacks through", Weight.NOTE) if lenient else None


def _open(case: Case, freezes: tuple[Freeze, ...] | list[Freeze]) -> str | None:
    """Undoing a rollback brings a version in: no freeze lets it through."""
    found = closed((each.window for each in freezes), case.service, case.reached, case.now)
    if found is None:
        return None
    window, until = found
    return f"it is frozen until {datetime.fromtimestamp(until, UTC):%Y-%m-%d %H:%M} UTC ({window})"
