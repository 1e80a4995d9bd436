"""A key that is due → one piece of work; what the outside world did not let us do is told in the record and tried again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from bot.errors import Refused, Stale, Unavailable
from bot.incidents.incident import Incident
from bot.incidents.lifecycle import End, State
from bot.ports import Ports
from bot.reconciler.intake import INBOX, take_in
from bot.reconciler.listening import listen
from bot.reconciler.notifying import deliver
from bot.reconciler.outage import away, back
from bot.reconciler.outbox import NOTIFY
from bot.reconciler.reconcile import reconcile
from bot.reconciler.saving import save
from bot.reconciler.step import MINUTE, Step, end
from bot.reconciler.talking import TALK
from bot.reconciler.telling import tell
from bot.reconciler.tending import TEND, tend
from bot.records.entry import Note, Stage
from bot.refs import Instant

TRIES = 5


def work(key: str, houses: Mapping[str, Ports]) -> Instant | None:
    """Do what the key asks for and say when it is due again. `houses`: each repository's ports by its name."""
    if key.startswith(INBOX):
        ports = houses.get(key.removeprefix(INBOX))
        return take_in(ports, houses) if ports else None
    if key.startswith(TALK):
        ports = houses.get(key.removeprefix(TALK))
        return listen(ports, houses) if ports else None
    if key.startswith(TEND):
        ports = houses.get(key.removeprefix(TEND))
        return tend(ports) if ports else None
    if key.startswith(NOTIFY):
        ports = houses.get(key.removeprefix(NOTIFY))
        return deliver(ports) if ports else None
    first = next(iter(houses.values()), None)
    incident = first.store.incident(key) if first else None
    ports = houses.get(incident.service.repository) if incident else None
    return step_on(key, ports, incident) if ports else None


def step_on(key: str, ports: Ports, known: Incident | None = None) -> Instant | None:
    """Take one step; where the outside world is away, say so in the record and come back. `known`: the incident as it was just read."""
    for _ in range(TRIES):
        try:
            due = reconcile(key, ports, known)
            back(ports)
            return due
        except Stale:
            known = None
            ports.fetched.clear()  # somebody else saved or pushed first: look again, and not at what was seen a moment ago
        except Unavailable as error:
            return _later(key, str(error), ports)
        except Refused as error:
            return _refused(key, str(error), ports)
    return ports.clock.now() + MINUTE


def _later(key: str, why: str, ports: Ports) -> Instant | None:
    incident = ports.store.incident(key)
    if incident is None or incident.state is State.ENDED:
        return None
    away(ports, incident)
    note = Note(_stage(incident.state), "the outside world is unavailable; tried again soon", (why,))
    step = Step(incident, (note,), ports.clock.now() + MINUTE, waiting=True)
    return save(step, ports).due


def _refused(key: str, why: str, ports: Ports) -> Instant | None:
    """The outside world said no: trying again unchanged will not help, so a person has to."""
    incident = ports.store.incident(key)
    if incident is None or incident.state is State.ENDED:
        return None
    step = replace(end(incident, End.ESCALATED, why, ports.clock.now()), comment=False)
    return save(tell(step, ports), ports).due


def _stage(state: State) -> Stage:
    stages = {State.OPENED: Stage.DECISION, State.DECIDED: Stage.PLAN, State.MERGED: Stage.ARRIVAL, State.ARRIVED: Stage.OUTCOME}
    return stages.get(state, Stage.CHANGE)
