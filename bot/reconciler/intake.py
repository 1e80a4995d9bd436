"""What came in at the doors → incidents: each delivery is read, resolved, joined, and only then crossed off."""

from __future__ import annotations

import hashlib

from bot.errors import Refused, Stale, Unavailable
from bot.incidents.correlate import alerted
from bot.incidents.resolve import Unresolved, may_act, resolve
from bot.ports import Delivery, Notice, Ports
from bot.reconciler.asking import ask
from bot.reconciler.commanding import Unheard, hear
from bot.reconciler.outage import away, back
from bot.reconciler.outbox import announce
from bot.reconciler.saving import news, note_alone, save
from bot.reconciler.step import Step
from bot.reconciler.view import View, look_around
from bot.records.entry import Note, Stage
from bot.refs import Instant
from bot.signals.signal import Alert, Asked, ChangeEvent, Command, Ignored, Signal
from bot.signals.sources import parse

INBOX = "inbox:"
TRIES = 5
LATER = 30.0
OURS = "Rollbot"
"""How the names of our own alerts begin: what we tell Alertmanager comes back to us, and is no symptom of anybody's."""


def receive(source: str, body: bytes, ports: Ports, delivery: str = "") -> bool:
    """Put a verified body into the repository's inbox and have it looked at; False where it came before, or holds nothing for us.

    `source` is a row of SOURCES, with its event after a colon where it has events; `delivery` is how the sender names this one.
    Raises Refused where there is no such source, or the body is none of its payloads.
    """
    if isinstance(parse(source, body, ports.clock.now()), Ignored):
        return False
    return keep(source, body, ports, delivery)


def keep(source: str, body: bytes, ports: Ports, delivery: str = "") -> bool:
    """Put a body into the inbox, readable or not. Its key is burnt by storing it and by nothing else: what was lost may come again."""
    now, name = ports.clock.now(), ports.repository.name
    key = hashlib.sha256(f"{source}\0{name}\0".encode() + (delivery.encode() or body)).hexdigest()
    new = ports.store.receive(Delivery(key, source, name, body, now))
    ports.queue.enqueue(f"{INBOX}{name}", now)
    return new


def take_in(ports: Ports) -> Instant | None:
    """Work off the inbox, oldest delivery first. A kill in between leaves the delivery there; reading it twice joins nothing twice.

    What people say waits while the forge is away, and holds nothing else up; while the repository is away, everything waits.
    """
    waiting = ports.store.inbox(ports.repository.name)
    again = None
    try:
        view = look_around(ports) if waiting else None
    except (Unavailable, Refused) as error:
        away(ports)
        note = Note(Stage.SIGNAL, "what came in waits: the repository cannot be read", (str(error),))
        if news((note,), ports.store.entries("")):
            note_alone(note, ports)
        return ports.clock.now() + LATER
    if view is not None:
        back(ports)
    for delivery in waiting:
        try:
            if view is not None:
                _read(delivery, view, ports)
        except Unheard:
            again = ports.clock.now() + LATER
            continue
        ports.store.handled(delivery.key)
    return again


def _read(delivery: Delivery, view: View, ports: Ports) -> None:
    try:
        signals = parse(delivery.source, delivery.body, delivery.received)
    except Refused as error:
        note = Note(Stage.SIGNAL, f"a delivery from {delivery.source} cannot be read", (str(error),), {"key": delivery.key})
        if not _told(delivery.key, ports):
            note_alone(note, ports)
        return
    for signal in () if isinstance(signals, Ignored) else signals:
        _join(signal, view, ports)


def _join(signal: Signal, view: View, ports: Ports) -> None:
    """Join one signal to its incident; where somebody saves that meanwhile, read it again."""
    for _ in range(TRIES):
        try:
            match signal:
                case Alert(name=name) if name.startswith(OURS):
                    return None
                case Alert():
                    return _alert(signal, view, ports)
                case Asked():
                    ask(signal, ports)
                    return None
                case Command():
                    return hear(signal, ports)
                case ChangeEvent():
                    return look_again(signal, ports)
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


def look_again(event: ChangeEvent, ports: Ports) -> None:
    """Bring forward what waits for the forge: open incidents whose branch, commit or pull request the event names.

    A push to the branch that is deployed may be what any of them waits for.
    """
    now = ports.clock.now()
    everybody = event.what == "push" and ports.repository.branch in event.branches
    for incident in ports.store.incidents(ports.repository.name, open_only=True):
        action = incident.actions[-1] if incident.actions else None
        named = action and (action.branch in event.branches or action.head in event.commits or action.pull in event.pulls)
        if named or everybody:
            ports.queue.enqueue(incident.id, now)


def _unresolved(alert: Alert, note: Note, ports: Ports) -> None:
    """Nothing is lost: it is recorded, and a person is told once."""
    if _told(alert.key, ports):
        return
    note_alone(note, ports)
    text = "\n".join((note.what, *note.because))
    announce([Notice(f"unresolved:{alert.key}", f"{alert.name}: whose alert is it?", text, urgent=True)], ports)


def _told(key: str, ports: Ports) -> bool:
    return any(entry.facts.get("key") == key for entry in ports.store.entries(""))
