"""What came in at the doors → incidents: each delivery is read, resolved, joined, and only then crossed off."""

from __future__ import annotations

import hashlib

from bot.errors import Refused, Stale
from bot.incidents.correlate import alerted, over
from bot.incidents.lifecycle import State
from bot.incidents.resolve import Unresolved, may_act, resolve
from bot.ports import Delivery, Notice, Ports
from bot.reconciler.asking import ask
from bot.reconciler.commanding import Unheard, hear
from bot.reconciler.saving import note_alone, save
from bot.reconciler.step import Step
from bot.reconciler.view import View, look_around
from bot.records.entry import Note, Stage
from bot.refs import Instant, ServiceRef
from bot.signals.alertmanager import SOURCE as ALERTMANAGER
from bot.signals.generic import mapped
from bot.signals.globs import fits
from bot.signals.signal import DEPLOYED, Alert, Asked, ChangeEvent, Command, Ignored, Signal, Status, Told
from bot.signals.sources import parse

INBOX = "inbox:"
REST = "rest:"
TRIES = 5
LATER = 30.0


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

    What people say waits while the forge is away, and holds nothing else up.
    """
    waiting = ports.store.inbox(ports.repository.name)
    view = look_around(ports) if waiting else None
    again = None
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
    heard = () if isinstance(signals, Ignored) else signals
    for signal in heard:
        _join(signal, view, ports)
    left_out = max((signal.truncated for signal in heard if isinstance(signal, Alert)), default=0)
    if left_out:
        leave_out(delivery.source, f"{left_out} alerts", ports)


def leave_out(source: str, what: str, ports: Ports) -> None:
    """Remember that alerts did not come along: the sweep asks for them, where anybody can be asked."""
    if source == ALERTMANAGER and ports.alerts is not None:
        ports.store.keep(f"{REST}{ports.repository.name}", what.encode())
        return
    key = f"rest:{source}:{what}"
    if not _told(key, ports):
        way = (
            "set ROLLBOT_ALERTMANAGER_URL, so that they can be asked for"
            if source == ALERTMANAGER
            else f"let {source} send fewer at a time"
        )
        note_alone(Note(Stage.SIGNAL, f"{source} left {what} out of a delivery", (way,), {"key": key}), ports)


def ask_for_the_rest(ports: Ports) -> bool:
    """Put what deliveries left out into the inbox; False where nothing was. Raises Unavailable: then it is asked for again."""
    name = f"{REST}{ports.repository.name}"
    if ports.alerts is None or not ports.store.kept(name):
        return False
    for body in ports.alerts.firing():
        receive(ALERTMANAGER, body, ports)
    ports.store.keep(name, b"")
    return True


def _join(signal: Signal, view: View, ports: Ports) -> None:
    """Join one signal to its incident; where somebody saves that meanwhile, read it again."""
    for _ in range(TRIES):
        try:
            match signal:
                case Alert():
                    return _either(signal, view, ports)
                case Asked():
                    ask(signal, ports)
                    return None
                case Command():
                    return hear(signal, ports)
                case Told():
                    return _map(signal, view, ports)
                case ChangeEvent():
                    return look_again(signal, ports)
        except Stale:
            continue
    raise Stale(f"{signal.key} could not be saved; tried again later")


def _either(alert: Alert, view: View, ports: Ports) -> None:
    if alert.status is Status.RESOLVED and not alert.instance:
        _over(alert, ports)
    else:
        _alert(alert, view, ports)


def _alert(alert: Alert, view: View, ports: Ports) -> None:
    found, acting = resolve(alert, view.state.estate, view.config.alerts), may_act(alert, view.config.alerts)
    facts = {"alert": alert.name, "labels": dict(alert.labels), "status": alert.status.value, "started": alert.started_at, "key": alert.key}
    if isinstance(found, Unresolved):
        candidates = tuple(str(candidate) for candidate in found.candidates)
        note = Note(Stage.SIGNAL, f"{alert.name} names no one service: {found.why}", candidates, facts)
        _unresolved(alert, note, acting.may, ports)
        return
    if why := _not_its_business(alert, found.service, view):
        if not _told(alert.key, ports):
            note_alone(Note(Stage.SIGNAL, f"{alert.name} is left alone: {why}", (found.why,), facts), ports)
        return
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


def _over(alert: Alert, ports: Ports) -> None:
    """End what it ended, whoever's incident that is; good news of what nobody missed is no news."""
    for incident in ports.store.incidents(ports.repository.name, open_only=True):
        joined = over(alert, incident)
        if joined.incident is not None:
            facts = {"alert": alert.name, "status": alert.status.value, "key": alert.key}
            saved = save(Step(joined.incident, (Note(Stage.SIGNAL, joined.what, (), facts),), ports.clock.now()), ports)
            ports.queue.enqueue(saved.id, ports.clock.now())


def _not_its_business(alert: Alert, service: ServiceRef, view: View) -> str | None:
    """Why its source may not speak of that environment (F9): a hook's token that leaked opens one door, and no more than it is for."""
    may = view.config.alerts.sources.get(alert.source)
    if may is None or any(fits(pattern, service.environment) for pattern in may):
        return None
    return f"{alert.source} may speak of {', '.join(may) or 'nothing'}, not of {service.environment}"


def _map(told: Told, view: View, ports: Ports) -> None:
    """Read a JSON object as the configuration maps it; what it does not map is recorded once."""
    found = mapped(told, view.config.alerts.mappings)
    if not isinstance(found, Ignored):
        _either(found, view, ports)
    elif not _told(told.key, ports):
        note_alone(Note(Stage.SIGNAL, "a delivery to /hooks/json is left alone", (found.why,), {"key": told.key}), ports)


def look_again(event: ChangeEvent, ports: Ports) -> None:
    """Bring forward what waits for the forge: open incidents whose branch, commit or pull request the event names.

    A push to the branch that is deployed may be what any of them waits for; a deployment, what those wait for that are merged.
    """
    now = ports.clock.now()
    everybody = event.what == "push" and ports.repository.branch in event.branches
    for incident in ports.store.incidents(ports.repository.name, open_only=True):
        action = incident.actions[-1] if incident.actions else None
        named = action and (action.branch in event.branches or action.head in event.commits or action.pull in event.pulls)
        arriving = event.what == DEPLOYED and incident.state is State.MERGED
        if named or everybody or arriving:
            ports.queue.enqueue(incident.id, now)


def _unresolved(alert: Alert, note: Note, urgent: bool, ports: Ports) -> None:
    """Nothing is lost: it is recorded, and a person is told once; at once where it might have changed Git."""
    if _told(alert.key, ports):
        return
    note_alone(note, ports)
    text = "\n".join((note.what, *note.because))
    notice = Notice(f"unresolved:{alert.key}", f"{alert.name}: whose alert is it?", text, urgent=urgent)
    ports.notifier.notify(notice)
    ports.store.told(notice)


def _told(key: str, ports: Ports) -> bool:
    return any(entry.facts.get("key") == key for entry in ports.store.entries(""))
