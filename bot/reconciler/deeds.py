"""What a person's word does to an incident: approved, cancelled, taken back. Saved with its note, so that it happens once.

The note names the comment. A comment that is read again (a kill, a redelivery) finds its note, finishes what was left to do and
answers the same.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from bot.errors import Refused
from bot.incidents.correlate import BEFORE_MERGE
from bot.incidents.incident import Incident, Kind
from bot.incidents.lifecycle import End, State, check
from bot.policy.settings import Trust
from bot.ports import Ports
from bot.reconciler.grouping import undo_of
from bot.reconciler.saving import save
from bot.reconciler.step import Step, end
from bot.reconciler.stopping import why_stopped
from bot.reconciler.subjects import lately
from bot.reconciler.talking import named
from bot.reconciler.telling import tell
from bot.reconciler.view import View
from bot.records.comments import BEGINS
from bot.records.entry import Note, Stage
from bot.signals.signal import Command
from bot.signals.spoken import Approve, Cancel, Undo

COMMENT = "comment"
"""The fact of an entry that names the comment which made it so."""


@dataclass(frozen=True, slots=True)
class Done:
    """`what` is the entry's own sentence, so that it is told the same however often."""

    incident: Incident
    what: str


def done_before(command: Command, ports: Ports) -> Done | None:
    """What this very comment has done already."""
    for incident in lately(ports):
        for entry in ports.store.entries(incident.id):
            if entry.facts.get(COMMENT) == named(command):
                return Done(incident, entry.what)
    return None


def approve(incident: Incident, command: Command, spoken: Approve, view: View, ports: Ports) -> Done:
    """Merge exactly the commit that we made, if nothing else is on the branch. Raises Refused with what is in the way."""
    if incident.state is not State.PROPOSED or incident.action.head is None:
        raise Refused(f"{incident.id} is {incident.end or incident.state}: there is no open pull request of ours to approve")
    if why := why_stopped(view, ports):
        raise Refused(f"stop is pressed ({why}): lift it first")
    action, pull = incident.action, ports.forge.find(incident.action.branch)
    if pull is None or pull.state != "open":
        raise Refused(f"pull request {action.pull} is {pull.state if pull else 'gone'}")
    if pull.head != action.head:
        who = f"{action.branch} holds {pull.head[:12]}, and ours is {(action.head or '')[:12]}: somebody has pushed to it"
        raise Refused(f"{who}. Review and merge it in the forge, or close it and ask again")
    note = _note(command, Stage.CHANGE, f"{command.actor} approves commit {action.head[:12]}", spoken.reason, head=action.head)
    approved = replace(action, approved=command.actor, mode=Trust.MERGE.value)
    return _saved(replace(incident, actions=(*incident.actions[:-1], approved)), note, ports)


def cancel(incident: Incident, command: Command, spoken: Cancel, view: View, ports: Ports) -> Done:
    """End it before anything is merged, and close its pull request. Raises Refused where it is too late."""
    if incident.ended is not None:
        raise Refused(f"{incident.id} has ended already ({incident.end})")
    if incident.state not in BEFORE_MERGE:
        raise Refused(f"{incident.id} is {incident.state}: it is merged; `/rollback undo` takes it back")
    pull = ports.forge.find(incident.action.branch) if incident.actions and incident.action.branch else None
    if pull is not None and pull.state == "merged":  # seen before the incident's next step has
        ports.queue.enqueue(incident.id, view.now)
        raise Refused(f"pull request {pull.number} is merged already; `/rollback undo` takes it back")
    what = f"{command.actor} cancelled it"
    step = end(incident, End.CANCELLED, what, view.now, _note(command, Stage.CHANGE, what, spoken.reason), urgent=False)
    saved = save(tell(step, ports), ports)
    close_cancelled(saved, ports)
    return Done(saved, what)


def close_cancelled(incident: Incident, ports: Ports) -> None:
    """Close what a cancelled incident left open."""
    for action in incident.actions if incident.end is End.CANCELLED else ():
        pull = ports.forge.find(action.branch) if action.branch else None
        if pull is not None and pull.state == "open":
            ports.forge.close(pull, incident.why)


def undo(incident: Incident, command: Command, spoken: Undo, view: View, ports: Ports) -> Done:
    """Take the incident's merged rollback back, by a step of the same incident, once. Raises Refused where there is none to take back."""
    rolled = next((action for action in reversed(incident.actions) if action.commit), None)
    if rolled is None:
        ended = f"it has ended ({incident.end}), so there is nothing to take back"
        raise Refused(f"nothing of {incident.id} was merged; {'`/rollback cancel` ends it' if incident.ended is None else ended}")
    if incident.action.kind is Kind.UNDO:
        raise Refused(f"that rollback is taken back already, in {incident.id}: at most once")
    if incident.action is not rolled:
        raise Refused(f"{incident.id} is {incident.state}, with another rollback: `/rollback cancel` first")
    other = next((each for each in ports.store.incidents(service=incident.service, open_only=True) if each.id != incident.id), None)
    if other is not None:
        raise Refused(f"{other.id} of the same service is open: cancel that first")
    check(incident.state, State.DECIDED)
    what = f"undo the rollback of {rolled.version}, as {command.actor} asks"
    note = _note(command, Stage.DECISION, what, spoken.reason, **{BEGINS: len(incident.actions) + 1})
    action = undo_of(rolled, command.actor)
    actions = (*incident.actions, action)
    return _saved(replace(incident, state=State.DECIDED, actions=actions, end=None, ended=None, why=""), note, ports)


def _note(command: Command, stage: Stage, what: str, reason: str, **facts: object) -> Note:
    said = {COMMENT: named(command), "actor": command.actor, "actor_id": command.actor_id, "url": command.url}
    return Note(stage, what, (reason,) if reason else (), {**said, **facts})


def _saved(incident: Incident, note: Note, ports: Ports) -> Done:
    now = ports.clock.now()
    saved = save(Step(incident, (note,), now), ports)
    ports.queue.enqueue(saved.id, now)
    return Done(saved, note.what)
