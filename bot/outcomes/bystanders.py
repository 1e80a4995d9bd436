"""Services that are red × our change → those that turned red after it and that nothing of their own explains: perhaps our doing."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from bot.refs import Instant, ServiceRef


@dataclass(frozen=True, slots=True)
class Red:
    """A service with an alert that fires, and since when."""

    service: ServiceRef
    alert: str
    since: Instant


@dataclass(frozen=True, slots=True)
class Ours:
    """What we changed: `services` went back, in effect from `since` on. `related`: the names of those that use them or are used by them,
    None where nobody says who does.
    """

    services: frozenset[ServiceRef]
    since: Instant
    related: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Bystander:
    """`related` None: nobody says whether it has to do with what we changed."""

    red: Red
    related: bool | None

    def __str__(self) -> str:
        ties = {True: ", which has to do with it", None: "", False: ", which nobody says has to do with it"}[self.related]
        return f"{self.red.service.name}{ties}: {self.red.alert}"


def bystanders(red: Iterable[Red], ours: Ours, released: Mapping[ServiceRef, Instant]) -> tuple[Bystander, ...]:
    """Those of the same environments that turned red since our change, each once, those that have to do with it first.

    `released`: when each service last released something of its own. What it released between our change and its alert explains it,
    so it is no bystander; what was red before our change is not of our making.
    """
    places = {(service.repository, service.environment, service.cluster) for service in ours.services}
    found: dict[ServiceRef, Bystander] = {}
    for each in sorted(red, key=lambda one: one.since):
        place = (each.service.repository, each.service.environment, each.service.cluster)
        explained = ours.since <= released.get(each.service, -1.0) <= each.since
        if place in places and each.service not in ours.services and each.since >= ours.since and not explained:
            found.setdefault(each.service, Bystander(each, None if ours.related is None else each.service.name in ours.related))
    return tuple(sorted(found.values(), key=lambda each: (each.related is False, each.red.since, str(each.red.service))))


def neighbours(names: Collection[str], calls: Mapping[str, Collection[str]]) -> frozenset[str]:
    """Who uses these services or is used by them, directly; `calls`: service → the services that it calls."""
    used = {callee for name in names for callee in calls.get(name, ())}
    using = {caller for caller, callees in calls.items() if set(callees) & set(names)}
    return frozenset((used | using) - set(names))
