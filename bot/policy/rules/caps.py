"""So many rollbacks by ourselves in a while, then a person: what goes wrong widely is rarely a release (F20)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

from bot.objections import Objection
from bot.policy.case import Case, Made
from bot.policy.settings import Cap, Each
from bot.refs import Instant, ServiceRef


def capped(case: Case) -> Objection | None:
    if case.asked or case.undoing:
        return None
    why = spent(case.policy.caps, case.made, case.service, case.reached, case.now)
    return Objection("capped", why) if why else None


def spent(caps: Iterable[Cap], made: Sequence[Made], service: ServiceRef, reached: Iterable[str], now: Instant) -> str | None:
    """Why no further rollback of a service may go by itself now, in a sentence; None where it may."""
    places = frozenset(reached) or {service.environment}
    for cap in caps:
        if not any(_fits(each, cap) for each in places):
            continue
        counted = [each for each in made if now - each.at < cap.within and _counts(each, cap, service, places)]
        if len(counted) >= cap.most:
            where = {Each.ESTATE: "", Each.ENVIRONMENT: f" in {', '.join(sorted(places))}", Each.SERVICE: f" of {service}"}[cap.each]
            hours = f"{cap.within / 3600:g} hours" if cap.within != 3600 else "hour"
            return f"{len(counted)} rollbacks{where} went by themselves within the last {hours}; after {cap.most} a person decides"
    return None


def _counts(made: Made, cap: Cap, service: ServiceRef, places: frozenset[str] | set[str]) -> bool:
    match cap.each:
        case Each.ESTATE:
            return any(_fits(environment, cap) for _, environment in made.services)
        case Each.ENVIRONMENT:
            return any(environment in places and _fits(environment, cap) for _, environment in made.services)
        case Each.SERVICE:
            return (service.name, service.environment) in made.services


def _fits(environment: str, cap: Cap) -> bool:
    return any(fnmatchcase(environment, glob) for glob in cap.environments)
