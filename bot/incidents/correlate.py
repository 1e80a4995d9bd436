"""Alerts and requests × the incident that is open, if any → the incident as it is now."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bot.incidents.incident import Incident, Kind, Symptom, identify
from bot.incidents.lifecycle import End, State
from bot.incidents.resolve import Acting
from bot.refs import Instant, ServiceRef
from bot.signals.signal import Alert, Asked, Status

BEFORE_MERGE = frozenset({State.OPENED, State.DECIDED, State.ADMITTED, State.PROPOSED})


@dataclass(frozen=True, slots=True)
class Correlated:
    """The incident after a signal, and what happened to it. `incident` None: the signal changes nothing, for this reason.

    `before`: the service's incident that has to end first, as a service has one open incident.
    """

    incident: Incident | None
    what: str
    before: Incident | None = None


def alerted(alert: Alert, acting: Acting, service: ServiceRef, known: tuple[Incident, ...], now: Instant) -> Correlated:
    """Join an alert to the service's open incident, or open one. `known`: the service's incidents, newest first."""
    symptom = _symptom(alert, acting)
    current = next((incident for incident in known if incident.end is None), None)
    had = next((incident for incident in known if any(old.key == symptom.key for old in incident.symptoms)), None)
    if had is not None and had is not current:
        return Correlated(None, f"it belongs to {had.id}, which ended ({had.end})")
    if had is not None:
        return _again(had, symptom)
    if alert.status is Status.RESOLVED:
        return Correlated(None, "it is resolved, and no incident knew of it")
    if current is not None:
        return Correlated(replace(current, symptoms=(*current.symptoms, symptom)), f"{symptom.name} joins")
    opened = Incident(identify(service, symptom.key), service, now, symptoms=(symptom,), due=now)
    return Correlated(opened, f"{symptom.name} opens it")


def asked(request: Asked, service: ServiceRef, known: tuple[Incident, ...], now: Instant) -> Correlated:
    """Open an incident for a person's request, or let the request lead the open one while its rollback is not merged.

    One whose rollback is merged ends, its outcome unknown: whom the next release hurts cannot wait for it. The symptoms that are left
    go over to the new one, which has them to judge.
    """
    if had := next((incident for incident in known if incident.request and incident.request.key == request.key), None):
        return Correlated(None, f"it was asked before, in {had.id}")
    current = next((incident for incident in known if incident.end is None), None)
    if current is None or not _led(current):
        symptoms = tuple(symptom for symptom in _handed_on(current, known) if symptom.resolved is None)
        opened = Incident(identify(service, request.key), service, now, symptoms=symptoms, request=request, due=now)
        return Correlated(opened, f"{request.actor} asks", current)
    taken = replace(current, request=request, state=State.OPENED if current.state is State.OPENED else State.DECIDED, due=now)
    return Correlated(taken, f"{request.actor} asks, and leads from here")


def _led(current: Incident) -> bool:
    """Whether a request may lead it: what it is about to do is a rollback that is not merged."""
    undoing = bool(current.actions) and current.action.kind is Kind.UNDO
    return current.state in BEFORE_MERGE and not undoing


def _handed_on(current: Incident | None, known: tuple[Incident, ...]) -> tuple[Symptom, ...]:
    """The symptoms of what a request supersedes; where it was killed in between, that has ended, and nothing followed it."""
    if current is not None:
        return current.symptoms
    return known[0].symptoms if known and known[0].end is End.SUPERSEDED else ()


def _again(incident: Incident, symptom: Symptom) -> Correlated:
    """The same alert told again: what counts is whether it is resolved, and whether it may act by now."""
    old = next(old for old in incident.symptoms if old.key == symptom.key)
    new = replace(old, resolved=symptom.resolved, acts=symptom.acts, why_not=symptom.why_not)
    if new == old:
        return Correlated(None, f"{symptom.name} is known in {incident.id}")
    symptoms = tuple(new if each.key == new.key else each for each in incident.symptoms)
    what = f"{symptom.name} is resolved" if new.resolved else f"{symptom.name} fires"
    return Correlated(replace(incident, symptoms=symptoms), what)


def _symptom(alert: Alert, acting: Acting) -> Symptom:
    return Symptom(
        key=alert.instance or alert.key,
        source=alert.source,
        name=alert.name,
        labels=dict(alert.labels),
        started=alert.started_at,
        severity=alert.severity,
        summary=alert.annotations.get("summary", "")[:500],
        url=alert.generator_url,
        resolved=None if alert.status is Status.FIRING else (alert.ended_at or alert.received_at),
        acts=acting.may,
        why_not="" if acting.may else acting.why,
    )
