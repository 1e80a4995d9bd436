"""Alerts and requests × the incident that is open, if any → the incident as it is now."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bot.incidents.incident import Incident, Kind, Symptom, identify
from bot.incidents.lifecycle import End, State
from bot.incidents.resolve import Acting
from bot.refs import Instant, ServiceRef
from bot.signals.signal import Alert, Asked, Status

ANEW = 86400.0
"""What a system tells again so long after its incident ended is another one."""
MOST_SYMPTOMS = 100
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
    if current is not None and (old := _in(current, symptom)) is not None:
        return _again(current, old, symptom)
    had = next((incident for incident in known if incident is not current and any(_same(old, symptom) for old in incident.symptoms)), None)
    if had is not None and (had.ended is None or symptom.started <= had.ended + ANEW):
        return Correlated(None, f"it belongs to {had.id}, which ended ({had.end})")
    if alert.status is Status.RESOLVED:
        return Correlated(None, "it is resolved, and no incident knew of it")
    if had is not None:  # told again long after: the sender names it as it did then
        symptom = replace(symptom, key=f"{symptom.key}:{symptom.started:.0f}")
    if current is not None and len(current.symptoms) >= MOST_SYMPTOMS and (current.acts or not symptom.acts):
        return Correlated(None, f"{current.id} has {MOST_SYMPTOMS} symptoms; more of them change nothing")
    if current is not None:
        return Correlated(replace(current, symptoms=(*current.symptoms, symptom)), f"{symptom.name} joins")
    opened = Incident(identify(service, symptom.key), service, now, symptoms=(symptom,), due=now)
    return Correlated(opened, f"{symptom.name} opens it")


def over(alert: Alert, incident: Incident) -> Correlated:
    """End every symptom of the incident that is what `alert`, a resolution without an instance, says is over. It names no start."""
    at = alert.ended_at if alert.ended_at is not None else alert.received_at
    ended = [old for old in incident.symptoms if _one(old, alert.source, alert.fingerprint) and old.resolved is None and _began(old) <= at]
    if not ended:
        return Correlated(None, "it is resolved, and no incident knew of it")
    symptoms = tuple(replace(old, resolved=at) if old in ended else old for old in incident.symptoms)
    return Correlated(replace(incident, symptoms=symptoms), f"{ended[0].name} is resolved")


def asked(request: Asked, service: ServiceRef, known: tuple[Incident, ...], now: Instant) -> Correlated:
    """Open an incident for a person's request, or let the request lead the open one while its rollback is not merged.

    One whose rollback is merged ends, its outcome unknown: whom the next release hurts cannot wait for it. The symptoms that are left
    go over to the new one, which has them to judge.
    """
    if had := next((incident for incident in known if incident.request and incident.request.key == request.key), None):
        return Correlated(None, f"it was asked before, in {had.id}")
    current = next((incident for incident in known if incident.end is None), None)
    if current is not None and current.between:
        return Correlated(None, f"a down Job of {current.id} is under way; ask again once it has ended")
    if current is None or not led(current):
        symptoms = tuple(symptom for symptom in _handed_on(current, known) if symptom.resolved is None)
        opened = Incident(identify(service, request.key), service, now, symptoms=symptoms, request=request, due=now)
        return Correlated(opened, f"{request.actor} asks", current)
    taken = replace(current, request=request, state=State.OPENED if current.state is State.OPENED else State.DECIDED, due=now)
    return Correlated(taken, f"{request.actor} asks, and leads from here")


def led(current: Incident) -> bool:
    """Whether a request may lead it: what it is about to do is a rollback that is not merged."""
    undoing = bool(current.actions) and current.action.kind is Kind.UNDO
    return current.state in BEFORE_MERGE and not undoing


def _handed_on(current: Incident | None, known: tuple[Incident, ...]) -> tuple[Symptom, ...]:
    """The symptoms of what a request supersedes; where it was killed in between, that has ended, and nothing followed it."""
    if current is not None:
        return current.symptoms
    return known[0].symptoms if known and known[0].end is End.SUPERSEDED else ()


def _in(incident: Incident, symptom: Symptom) -> Symptom | None:
    """The symptom of the incident that this is: the same instance, else what last fired under the same fingerprint."""
    same = next((old for old in incident.symptoms if _same(old, symptom)), None)
    alike = [old for old in incident.symptoms if symptom.fingerprint and _one(old, symptom.source, symptom.fingerprint)]
    return same or max(alike, key=_began, default=None)


def _same(old: Symptom, symptom: Symptom) -> bool:
    return old.key == symptom.key or old.key.startswith(f"{symptom.key}:")


def _one(old: Symptom, source: str, fingerprint: str) -> bool:
    return (old.source, old.fingerprint) == (source, fingerprint)


def _began(symptom: Symptom) -> Instant:
    return symptom.started if symptom.again is None else symptom.again


def _again(incident: Incident, old: Symptom, symptom: Symptom) -> Correlated:
    """The same alert told again: what counts is whether it is resolved, and whether it may act by now.

    A start that is older than what is known, and a resolution that is older than the last start, come late and change nothing.
    """
    if symptom.resolved is not None and symptom.resolved < _began(old):
        return Correlated(None, f"{symptom.name} has begun again since, in {incident.id}")
    new = replace(old, resolved=symptom.resolved, acts=symptom.acts, why_not=symptom.why_not)
    if not _same(old, symptom) and symptom.resolved is None:
        if symptom.started < _began(old):
            return Correlated(None, f"{symptom.name} has begun again since, in {incident.id}")
        if old.resolved is not None:
            new = replace(new, key=symptom.key, again=symptom.started, times=old.times + 1)
    if new == old:
        return Correlated(None, f"{symptom.name} is known in {incident.id}")
    symptoms = tuple(new if each is old else each for each in incident.symptoms)
    what = f"{symptom.name} is resolved" if new.resolved is not None else f"{symptom.name} fires"
    return Correlated(replace(incident, symptoms=symptoms), what + (f" (time {new.times})" if new.times > old.times else ""))


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
        fingerprint=alert.fingerprint,
    )
