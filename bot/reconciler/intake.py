"""What came in at the doors → incidents: each delivery is read, resolved, joined, and only then crossed off."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from bot.errors import Refused, Stale, Unavailable
from bot.incidents.lifecycle import State
from bot.ports import Delivery, Ports
from bot.reconciler.asking import ask
from bot.reconciler.commanding import Unheard, hear
from bot.reconciler.joining import TRIES, binds, finish, join
from bot.reconciler.lifting import ALLOWING
from bot.reconciler.outage import away, back
from bot.reconciler.saving import news, note_alone
from bot.reconciler.talking import TALK
from bot.reconciler.tending import TEND
from bot.reconciler.view import View, look_around
from bot.records.entry import Note, Stage
from bot.refs import Instant
from bot.signals.alertmanager import SOURCE as ALERTMANAGER
from bot.signals.generic import mapped
from bot.signals.signal import DEPLOYED, Alert, Asked, ChangeEvent, Command, Ignored, Signal, Told
from bot.signals.sources import parse

INBOX = "inbox:"
REST = "rest:"
LATER = 30.0
PAGE, TURN = 250, 1000
"""How many deliveries are crossed off together, and after how many others get their turn."""


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


def take_in(ports: Ports, houses: Mapping[str, Ports] = MappingProxyType({})) -> Instant | None:
    """Work off the inbox, oldest delivery first, a turn at a time: in a storm the incidents that are open get their turns too.

    A kill in between leaves deliveries there; reading one twice joins nothing twice. What people say waits while the forge is away, and
    holds nothing else up; while the repository is away, everything waits. `houses`: all repositories that may have heard the same.
    """
    again, taken, last, view = None, 0, None, None
    while page := ports.store.inbox(ports.repository.name, PAGE, last):
        try:
            view = view or _seen(ports)
        except (Unavailable, Refused) as error:
            away(ports)
            note = Note(Stage.SIGNAL, "what came in waits: the repository cannot be read", (str(error),))
            if news((note,), ports.store.entries("")):
                note_alone(note, ports)
            return ports.clock.now() + LATER
        heard = _read(page, view, ports, houses)
        ports.store.handled(*heard)
        if len(heard) < len(page):
            again = ports.clock.now() + LATER
        taken, last = taken + len(heard), page[-1]
        if taken >= TURN:
            return ports.clock.now()
    return again


def _seen(ports: Ports) -> View:
    view = look_around(ports)
    back(ports)
    return view


def _read(page: Sequence[Delivery], view: View, ports: Ports, houses: Mapping[str, Ports]) -> list[str]:
    """Take in what the deliveries hold, and name those that were heard; alerts that follow each other are joined together."""
    heard, alerts = list[str](), list[Alert]()
    for delivery in page:
        signals = _signals(delivery, ports)
        for signal in signals:
            found = _mapped(signal, view, ports) if isinstance(signal, Told) else signal
            if isinstance(found, Alert):
                alerts.append(found)
            if found is None or isinstance(found, Alert):
                continue
            _joined(alerts, view, ports)
            alerts = []
            try:
                _take(found, ports, houses)
            except Unheard:
                break
        else:
            heard.append(delivery.key)
        if left_out := max((signal.truncated for signal in signals if isinstance(signal, Alert)), default=0):
            leave_out(delivery.source, f"{left_out} alerts", ports)
    _joined(alerts, view, ports)
    return heard


def _joined(alerts: list[Alert], view: View, ports: Ports) -> None:
    """Join alerts in their order; a resolution that names no start ends what it names, whoever's incident that is."""
    together: list[Alert] = []
    for alert in alerts:
        if not binds(alert):
            together.append(alert)
            continue
        join(together, view, ports)
        together = []
        finish(alert, ports)
    join(together, view, ports)


def _mapped(told: Told, view: View, ports: Ports) -> Alert | None:
    """Read a JSON object as the configuration maps it; what it does not map is recorded once."""
    found = mapped(told, view.config.alerts.mappings)
    if not isinstance(found, Ignored):
        return found
    if not ports.store.noted(told.key):
        note_alone(Note(Stage.SIGNAL, "a delivery to /hooks/json is left alone", (found.why,), {"key": told.key}), ports)
    return None


def leave_out(source: str, what: str, ports: Ports) -> None:
    """Remember that alerts did not come along: the sweep asks for them, where anybody can be asked."""
    if source == ALERTMANAGER and ports.alerts is not None:
        ports.store.keep(f"{REST}{ports.repository.name}", what.encode())
        return
    key = f"rest:{source}:{what}"
    if not ports.store.noted(key):
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


def _signals(delivery: Delivery, ports: Ports) -> tuple[Signal, ...]:
    try:
        signals = parse(delivery.source, delivery.body, delivery.received)
    except Refused as error:
        note = Note(Stage.SIGNAL, f"a delivery from {delivery.source} cannot be read", (str(error),), {"key": delivery.key})
        if not ports.store.noted(delivery.key):
            note_alone(note, ports)
        return ()
    return () if isinstance(signals, Ignored) else signals


def _take(signal: Asked | Command | ChangeEvent, ports: Ports, houses: Mapping[str, Ports]) -> None:
    """Do what one signal asks; where somebody saves its incident meanwhile, read it again."""
    for _ in range(TRIES):
        try:
            match signal:
                case Asked():
                    ask(signal, ports)
                    return None
                case Command():
                    return hear(signal, ports, houses)
                case ChangeEvent():
                    return look_again(signal, ports)
        except Stale:
            continue
    raise Stale(f"{signal.key} could not be saved; tried again later")


def look_again(event: ChangeEvent, ports: Ports) -> None:
    """Bring forward what waits for the forge: open incidents whose branch, commit or pull request the event names.

    A push to the branch that is deployed may be what any of them waits for; a deployment, what those wait for that are merged.
    """
    now = ports.clock.now()
    if any(branch.startswith(ALLOWING) for branch in event.branches):
        ports.queue.enqueue(f"{TALK}{ports.repository.name}", now)
    everybody = event.what == "push" and ports.repository.branch in event.branches
    if everybody:
        ports.queue.enqueue(f"{TEND}{ports.repository.name}", now)  # it may have brought back what is kept out
    for incident in ports.store.incidents(ports.repository.name, open_only=True):
        action = incident.actions[-1] if incident.actions else None
        named = action and (action.branch in event.branches or action.head in event.commits or action.pull in event.pulls)
        arriving = event.what == DEPLOYED and incident.state is State.MERGED
        if named or everybody or arriving:
            ports.queue.enqueue(incident.id, now)
