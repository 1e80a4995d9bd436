"""Whether a canary may be taken back in the cluster: what a progressive controller asks, answered from what we believe. No unless yes."""

from __future__ import annotations

from dataclasses import dataclass

from bot.errors import Stale
from bot.incidents.incident import Incident, Kind
from bot.incidents.lifecycle import State
from bot.incidents.resolve import Unresolved, resolve
from bot.policy.settings import Trust
from bot.policy.words import holding
from bot.ports import Ports
from bot.reconciler.progressing import halting
from bot.reconciler.saving import note_alone
from bot.reconciler.view import View, look_around
from bot.records.entry import Note, Stage
from bot.signals.signal import Alert

TRIES = 5
STILL_BAD = frozenset((State.ADMITTED, State.PROPOSED))
"""Decided and admitted, and not merged yet: afterwards what runs is our own rollback."""


@dataclass(frozen=True, slots=True)
class Gate:
    opens: bool
    why: str


def gate(asked: Alert, ports: Ports) -> Gate:
    """Say whether what runs is to be taken back. `asked.labels` name the service; that it was opened is in the record.

    Raises Unavailable or Refused where the repository cannot be read, which is no yes either.
    """
    view = look_around(ports, fresh=False)
    found = resolve(asked, view.state.estate, view.config.alerts)
    if isinstance(found, Unresolved):
        return Gate(False, f"it names no one service: {found.why}")
    incident = ports.store.open_incident(found.service)
    halted = incident is not None and incident.state is State.OPENED and halting(incident, ports)
    why = _against(incident, halted, view) if incident else f"no incident of {found.service} is open"
    if why or incident is None:
        return Gate(False, why)
    what = "what it rolls out is suspected" if halted else f"{incident.action.version} is being rolled back"
    said = Gate(True, f"{incident.id}: {what}")
    _tell(f"the gate of {asked.source} was opened for {found.service}", said.why, {"gate": f"{incident.id}:{len(incident.actions)}"}, ports)
    return said


def forward(asked: Alert, ports: Ports) -> Gate:
    """Say whether a canary may get more traffic: not while its service is suspected or rolled back (F14). It writes nothing and ends by
    itself, so trust to propose is enough.

    Raises Unavailable or Refused where the repository cannot be read: whoever asks takes that for a no, and asks again.
    """
    view = look_around(ports, fresh=False)
    found = resolve(asked, view.state.estate, view.config.alerts)
    if isinstance(found, Unresolved):
        return Gate(True, f"it names no one service: {found.why}")
    incident = ports.store.open_incident(found.service)
    why = _suspected(incident, view) if incident else ""
    if incident is None or not why:
        return Gate(True, f"nothing speaks against {found.service}")
    facts = {"gate": f"forward:{incident.id}:{len(incident.actions)}"}
    _tell(f"the canary of {found.service} gets no more traffic: the gate of {asked.source} is shut", why, facts, ports)
    return Gate(False, why)


def _suspected(incident: Incident, view: View) -> str:
    """Why what is rolled out is to spread no further; "" where nothing says so, or we are to keep out of it."""
    trust = view.config.policy.trust_at(incident.service.environment, view.now)
    if view.stopped or holding(view.holds, incident.service, view.now) or trust.rung < Trust.PROPOSE.rung:
        return ""
    if incident.state is State.OPENED:
        return f"{incident.id}: {incident.symptoms[0].name} fires" if incident.acts and incident.symptoms and not incident.resolved else ""
    before = incident.state in (*STILL_BAD, State.DECIDED) and incident.action.kind is Kind.ROLLBACK
    return f"{incident.id}: {incident.action.version} is being rolled back" if before else ""


def _tell(what: str, why: str, facts: dict[str, str], ports: Ports) -> None:
    """Record it once an action: a controller asks every few seconds. Raises Stale where others write all the time."""
    for left in range(TRIES, 0, -1):
        if any(entry.facts.get("gate") == facts["gate"] for entry in ports.store.entries("")):
            return
        try:
            note_alone(Note(Stage.CHANGE, what, (why,), facts), ports)
            return
        except Stale:
            if left == 1:
                raise


def _against(incident: Incident, halted: bool, view: View) -> str:
    """Why what runs is not to be taken back; "" where nothing is said against it."""
    if view.stopped:
        return f"stopped: {view.stopped}"
    if hold := holding(view.holds, incident.service, view.now):
        return f"{hold.by} holds {incident.service}"
    if halted:
        trust = view.config.policy.trust_at(incident.service.environment, view.now)
        enough = trust.rung >= Trust.MERGE.rung
        return "" if enough else f"{incident.id}: trust in {incident.service.environment} goes no further than {trust}"
    if incident.state not in STILL_BAD or incident.action.kind is not Kind.ROLLBACK:
        return f"{incident.id} is {incident.state}: no rollback is under way"
    if incident.action.mode not in (Trust.MERGE, Trust.PUSH):
        return f"{incident.id}: the rollback is only proposed, and waits for a person"
    return ""
