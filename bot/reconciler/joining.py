"""Alerts that came in together → their incidents: those of one service are joined in one step, however many they are."""

from __future__ import annotations

import re

from bot.errors import Stale
from bot.incidents.correlate import alerted, over
from bot.incidents.incident import Incident
from bot.incidents.resolve import Unresolved, may_act, resolve
from bot.ports import Notice, Ports
from bot.reconciler.outbox import announce
from bot.reconciler.saving import note_alone, save
from bot.reconciler.step import Step
from bot.reconciler.view import View
from bot.records.entry import Note, Stage
from bot.refs import ServiceRef
from bot.signals.globs import fits
from bot.signals.signal import Alert, Status

TRIES = 5
_OURS = re.compile(r"\ARollbot|\bRollbot(?:NeedsHuman|Alive)\b")
"""How our own alerts are called: what we tell Alertmanager or PagerDuty comes back to us, and is no symptom of anybody's."""


def join(alerts: list[Alert], view: View, ports: Ports) -> None:
    """Join each alert to its service's incident, in order. Raises Stale where somebody kept saving one meanwhile."""
    services: dict[ServiceRef, list[tuple[Alert, str]]] = {}
    for alert in alerts:
        if _OURS.search(alert.name):
            continue
        found = resolve(alert, view.state.estate, view.config.alerts)
        if isinstance(found, Unresolved):
            _unresolved(alert, found, may_act(alert, view.config.alerts).may, ports)
        elif why := _not_its_business(alert, found.service, view):
            _alone(alert, Note(Stage.SIGNAL, f"{alert.name} is left alone: {why}", (found.why,), facts(alert)), ports)
        else:
            services.setdefault(found.service, []).append((alert, found.why))
    for service, its in services.items():
        _join(service, its, view, ports)


def _join(service: ServiceRef, alerts: list[tuple[Alert, str]], view: View, ports: Ports) -> None:
    for _ in range(TRIES):
        try:
            return _once(service, alerts, view, ports)
        except Stale:
            continue
    raise Stale(f"alerts of {service} could not be saved; tried again later")


def _once(service: ServiceRef, alerts: list[tuple[Alert, str]], view: View, ports: Ports) -> None:
    """Only a service's open incident changes, or one that is opened here: it is saved once, with a note of each alert."""
    known, now = tuple(ports.store.incidents(service=service)), ports.clock.now()
    current: Incident | None = None
    notes: list[Note] = []
    for alert, why in alerts:
        acting = may_act(alert, view.config.alerts)
        joined = alerted(alert, acting, service, known, now)
        if joined.incident is None:
            if all(incident.ended is not None for incident in known):
                _alone(alert, Note(Stage.SIGNAL, f"{alert.name} is left alone: {joined.what}", (why,), facts(alert)), ports)
            continue
        current = joined.incident
        known = (current, *(incident for incident in known if incident.id != current.id))
        notes.append(Note(Stage.SIGNAL, joined.what, (why, acting.why), facts(alert)))
    if current is not None:
        saved = save(Step(current, tuple(notes), now), ports, lasting=False)  # the inbox has them until what is saved here lasts
        ports.queue.enqueue(saved.id, now)


def facts(alert: Alert) -> dict[str, object]:
    return {"alert": alert.name, "labels": dict(alert.labels), "status": alert.status.value, "started": alert.started_at, "key": alert.key}


def _alone(alert: Alert, note: Note, ports: Ports) -> bool:
    """Record what belongs to no incident, once; False where it is recorded already."""
    if ports.store.noted(alert.key):
        return False
    note_alone(note, ports)
    return True


def binds(alert: Alert) -> bool:
    """Whether it is a resolution that does not say which start it ends."""
    return alert.status is Status.RESOLVED and not alert.instance


def finish(alert: Alert, ports: Ports) -> None:
    """End what it ended, whoever's incident that is; good news of what nobody missed is no news. Raises Stale."""
    for incident in ports.store.incidents(ports.repository.name, open_only=True):
        for left in reversed(range(TRIES)):
            joined = over(alert, ports.store.incident(incident.id) or incident)
            if joined.incident is None:
                break
            try:
                saved = save(Step(joined.incident, (Note(Stage.SIGNAL, joined.what, (), facts(alert)),), ports.clock.now()), ports)
            except Stale:
                if not left:
                    raise
                continue
            ports.queue.enqueue(saved.id, ports.clock.now())
            break


def _not_its_business(alert: Alert, service: ServiceRef, view: View) -> str | None:
    """Why its source may not speak of that environment (F9): a hook's token that leaked opens one door, and no more than it is for."""
    may = view.config.alerts.sources.get(alert.source)
    if may is None or any(fits(pattern, service.environment) for pattern in may):
        return None
    return f"{alert.source} may speak of {', '.join(may) or 'nothing'}, not of {service.environment}"


def _unresolved(alert: Alert, found: Unresolved, urgent: bool, ports: Ports) -> None:
    """Nothing is lost: it is recorded, and a person is told once; at once where it might have changed Git."""
    candidates = tuple(str(candidate) for candidate in found.candidates)
    note = Note(Stage.SIGNAL, f"{alert.name} names no one service: {found.why}", candidates, facts(alert))
    if not _alone(alert, note, ports):
        return
    text = "\n".join((note.what, *note.because))
    announce([Notice(f"unresolved:{alert.key}", f"{alert.name}: whose alert is it?", text, urgent=urgent)], ports)
