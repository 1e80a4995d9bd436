"""Alerts and requests × the incident that is open, if any → the incident as it is now."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bot.incidents.incident import Incident, Symptom, identify
from bot.incidents.lifecycle import State
from bot.incidents.resolve import Acting
from bot.refs import Instant, ServiceRef
from bot.signals.signal import Alert, Asked, Status

BEFORE_MERGE = frozenset({State.OPENED, State.DECIDED, State.ADMITTED, State.PROPOSED})


@dataclass(frozen=True, slots=True)
class Correlated:
    """The incident after a signal, and what happened to it. `incident` None: the signal changes nothing, for this reason."""

    incident: Incident | None
    what: str


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
    """Open an incident for a person's request, or let the request lead the open one while nothing is merged."""
    if had := next((incident for incident in known if incident.request and incident.request.key == request.key), None):
        return Correlated(None, f"it was asked before, in {had.id}")
    current = next((incident for incident in known if incident.end is None), None)
    if current is None:
        opened = Incident(identify(service, request.key), service, now, request=request, due=now)
        return Correlated(opened, f"{request.actor} asks")
    if current.state not in BEFORE_MERGE:
        return Correlated(None, f"{current.id} has changed {service} just now and waits for the outcome ({current.state})")
    taken = replace(current, request=request, state=State.OPENED if current.state is State.OPENED else State.DECIDED, due=now)
    return Correlated(taken, f"{request.actor} asks, and leads from here")


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
