"""A program's or person's call of the API about an incident → what `/rollback approve`, `cancel` do, and that somebody is at it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable

from bot.incidents.incident import Incident
from bot.ports import Notice, Ports
from bot.reconciler.commanding import reached_by
from bot.reconciler.deeds import Done, approve, cancel, close_cancelled, done_before
from bot.reconciler.outbox import announce
from bot.reconciler.saving import save
from bot.reconciler.step import Step
from bot.reconciler.view import View, look_around
from bot.records.entry import Note, Stage
from bot.signals.signal import Command, Thread
from bot.signals.spoken import Approve, Cancel

Permitted = Callable[[Iterable[str]], None]
"""Raises where the caller has no right in one of these environments."""


def call(verb: str, incident: Incident, who: str, permitted: Permitted, ports: Ports) -> Done:
    """Do it once, however often it is called. `verb`: approve, cancel, acknowledge. Raises Refused with what is in the way, Stale."""
    if verb == "acknowledge":
        permitted([incident.service.environment])
        return acknowledge(incident, who, ports)
    view = look_around(ports)
    permitted(reached_by(incident, view, ports))
    command = _called(verb, incident, who, view)
    if (before := done_before(command, ports)) is not None:
        close_cancelled(before.incident, ports)
        return before
    if verb == "approve":
        return approve(incident, command, Approve(), view, ports)
    return cancel(incident, command, Cancel(), view, ports)


def acknowledge(incident: Incident, who: str, ports: Ports) -> Done:
    """Page nobody else: somebody is at it."""
    what = f"{who} is at it"
    key = f"{incident.id}:acknowledged:{len(incident.actions)}:{incident.state}:{who}"
    if any(entry.facts.get("key") == key for entry in ports.store.entries(incident.id)):
        return Done(incident, what)
    saved = save(Step(incident, (Note(Stage.CHANGE, what, (), {"key": key, "actor": who}),), incident.due), ports)
    service = incident.service
    announce(
        [Notice(key, f"{service}: {what}", "Nobody else is paged for it.", False, incident.id, incident.state, service, taken=True)], ports
    )
    return Done(saved, what)


def _called(verb: str, incident: Incident, who: str, view: View) -> Command:
    """The call as a command, by a name that the same call has again."""
    head = incident.actions[-1].head if incident.actions else None
    name = hashlib.sha256("\n".join([verb, incident.id, str(head), who]).encode()).hexdigest()
    return Command(f"api:{name}", view.now, who, 0, Thread("api", 0), int(name[:12], 16), f"/rollback {verb}")
