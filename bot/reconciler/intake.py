"""What came in at the doors → incidents: each delivery is read, resolved, joined, and only then crossed off."""

from __future__ import annotations

import hashlib

from bot.errors import Refused, Stale
from bot.incidents.correlate import alerted
from bot.incidents.resolve import Unresolved, may_act, resolve
from bot.ports import Delivery, Notice, Ports
from bot.reconciler.asking import ask
from bot.reconciler.saving import note_alone, save
from bot.reconciler.step import Step
from bot.reconciler.view import View, look_around
from bot.records.entry import Note, Stage
from bot.refs import Instant
from bot.signals.signal import Alert, Asked, ChangeEvent, Signal
from bot.signals.sources import SOURCES

INBOX = "inbox:"
TRIES = 5


def receive(source: str, body: bytes, ports: Ports) -> bool:
    """Put a verified body into the repository's inbox and have it looked at; False where it came before.

    Raises Refused where there is no such source, or the body is none of its payloads.
    """
    if source not in SOURCES:
        raise Refused(f"there is no source {source[:40]!r}; there are: {', '.join(sorted(SOURCES))}")
    now, name = ports.clock.now(), ports.repository.name
    SOURCES[source].parse(body, now)
    key = hashlib.sha256(f"{source}\0{name}\0".encode() + body).hexdigest()
    new = ports.store.receive(Delivery(key, source, name, body, now))
    ports.queue.enqueue(f"{INBOX}{name}", now)
    return new


def take_in(ports: Ports) -> Instant | None:
    """Work off the inbox, oldest delivery first. A kill in between leaves the delivery there; reading it twice joins nothing twice."""
    waiting = ports.store.inbox(ports.repository.name)
    view = look_around(ports) if waiting else None
    for delivery in waiting:
        if view is not None:
            _read(delivery, view, ports)
        ports.store.handled(delivery.key)
    return None


def _read(delivery: Delivery, view: View, ports: Ports) -> None:
    try:
        signals = SOURCES[delivery.source].parse(delivery.body, delivery.received)
    except (Refused, KeyError) as error:
        note = Note(Stage.SIGNAL, f"a delivery from {delivery.source} cannot be read", (str(error),), {"key": delivery.key})
        if not _told(delivery.key, ports):
            note_alone(note, ports)
        return
    for signal in signals:
        _join(signal, view, ports)


def _join(signal: Signal, view: View, ports: Ports) -> None:
    """Join one signal to its incident; where somebody saves that meanwhile, read it again."""
    for _ in range(TRIES):
        try:
            match signal:
                case Alert():
                    return _alert(signal, view, ports)
                case Asked():
                    ask(signal, ports)
                    return None
                case ChangeEvent():
                    return _look_again(signal, ports)
        except Stale:
            continue
    raise Stale(f"{signal.key} could not be saved; tried again later")


def _alert(alert: Alert, view: View, ports: Ports) -> None:
    found = resolve(alert, view.state.estate, view.config.alerts)
    facts = {"alert": alert.name, "labels": dict(alert.labels), "status": alert.status.value, "started": alert.started_at, "key": alert.key}
    if isinstance(found, Unresolved):
        candidates = tuple(str(candidate) for candidate in found.candidates)
        _unresolved(alert, Note(Stage.SIGNAL, f"{alert.name} names no one service: {found.why}", candidates, facts), ports)
        return
    acting = may_act(alert, view.config.alerts)
    known = tuple(ports.store.incidents(service=found.service))
    joined = alerted(alert, acting, found.service, known, ports.clock.now())
    if joined.incident is None:
        if all(incident.ended is not None for incident in known) and not _told(alert.key, ports):
            note_alone(Note(Stage.SIGNAL, f"{alert.name} is left alone: {joined.what}", (found.why,), facts), ports)
        return
    note = Note(Stage.SIGNAL, joined.what, (found.why, acting.why), facts)
    now = ports.clock.now()
    saved = save(Step(joined.incident, (note,), now), ports)
    ports.queue.enqueue(saved.id, now)


def _look_again(event: ChangeEvent, ports: Ports) -> None:
    """Bring forward what waits for the forge: open incidents whose branch, commit or pull request the event names."""
    now = ports.clock.now()
    for incident in ports.store.incidents(ports.repository.name, open_only=True):
        action = incident.actions[-1] if incident.actions else None
        if action and (action.branch in event.branches or action.head in event.commits or action.pull in event.pulls):
            ports.queue.enqueue(incident.id, now)


def _unresolved(alert: Alert, note: Note, ports: Ports) -> None:
    """Nothing is lost: it is recorded, and a person is told once."""
    if _told(alert.key, ports):
        return
    note_alone(note, ports)
    text = "\n".join((note.what, *note.because))
    notice = Notice(f"unresolved:{alert.key}", f"{alert.name}: whose alert is it?", text, urgent=True)
    ports.notifier.notify(notice)
    ports.store.told(notice)


def _told(key: str, ports: Ports) -> bool:
    return any(entry.facts.get("key") == key for entry in ports.store.entries(""))
