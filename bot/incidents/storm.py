"""Open incidents × when they began → whether so many services of one environment are red at once that it is none of theirs (law 2)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass

from bot.incidents.incident import Incident
from bot.incidents.lifecycle import State
from bot.incidents.rules import AlertRules
from bot.refs import Instant, ServiceRef, Sha

PLATFORM = "all-services"
"""The service, of an environment, that an incident of many belongs to; no service can roll it back."""


@dataclass(frozen=True, slots=True)
class Storm:
    """The services that are red together, by name, and when the first of them began."""

    services: tuple[ServiceRef, ...]
    began: Instant

    def __str__(self) -> str:
        shown = ", ".join(service.name for service in self.services[:10])
        return shown + (f" and {len(self.services) - 10} more" if len(self.services) > 10 else "")


def storm(environment: str, began: Instant, known: Iterable[Incident], rules: AlertRules) -> Storm | None:
    """The storm of that environment around that time; None where fewer than `storm_services` are red."""
    red = {each.service: at for each in known if each.service.environment == environment and (at := red_since(each, rules)) is not None}
    near = {service: at for service, at in red.items() if abs(at - began) <= rules.storm_within}
    if not rules.storm_services or len(near) < rules.storm_services:
        return None
    return Storm(tuple(sorted(near, key=lambda service: (service.name, service.cluster or ""))), min(near.values()))


def red_since(incident: Incident, rules: AlertRules) -> Instant | None:
    """Since when one of its alerts that could act fires; None where none does, and for what people asked for."""
    if incident.state is State.ENDED or incident.service.name == PLATFORM or incident.asked:
        return None
    starts = [each.started for each in incident.symptoms if each.resolved is None and each.severity in rules.acting_severities]
    return min(starts, default=None)


def shared(recent: Mapping[ServiceRef, Set[Sha]]) -> frozenset[Sha]:
    """The commits that released something in every one of the services: not the platform, but that commit, is then suspect (F11)."""
    released = list(recent.values())
    return frozenset(released[0]).intersection(*released[1:]) if released else frozenset()
