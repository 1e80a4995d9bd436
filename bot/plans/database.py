"""A way back × what its releases declare of the database → what speaks against taking it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bot.objections import Objection, Weight
from bot.plans.plan import Plan
from bot.refs import ServiceRef, Sha
from bot.releases.compatibility import Verdict, Way, verdict
from bot.releases.release import DesiredState

_CODES = {Way.DOWN: "migration-down", Way.HELD: "migration-held", Way.UNKNOWN: "migration-unknown"}
_WORST = (Way.HELD, Way.DOWN, Way.UNKNOWN, Way.EXPAND, Way.FREE, Way.SILENT)


def data_doubts(state: DesiredState, services: Iterable[ServiceRef], undone: Sha, target: Sha | None) -> Iterator[Objection]:
    """Yield what a person must know: a migration that is crossed, one that may be, and what is declared and does not parse."""
    for ref in services:
        service = state.service(ref)
        found = verdict(state, service, undone, target) if service else None
        if found is None:
            continue
        yield from found.wrong
        if found.way in _CODES:
            at = found.declared.at.get("migration") or found.declared.at.get("schema") or (None, None)
            yield Objection(_CODES[found.way], found.why, Weight.PERSON, *at)


def verdict_of(plan: Plan, state: DesiredState) -> Verdict | None:
    """The worst verdict among the plan's services, those of other waves too; None where it names no release, or none of them is known."""
    found = [
        verdict(state, service, part.undone, part.target.commit if part.target else None)
        for part in (*(plan.parts or (plan,)), *plan.rest)
        for service in map(state.service, part.services)
        if service is not None and part.undone is not None
    ]
    return min(found, key=lambda each: _WORST.index(each.way), default=None)
