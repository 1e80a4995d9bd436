"""A person's comment, carried out: seen, understood, permitted, done, answered; each comment once.

Every effect finds what an earlier run left, and that the comment is settled is remembered last: so it may be read again after any
kill, and ends in the same one branch, one pull request and one answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any

from bot.changes.markdown import code, prose
from bot.errors import Refused, Stale, Unavailable
from bot.incidents.incident import Incident
from bot.plans.plan import Plan
from bot.policy.words import Good as Vouched
from bot.ports import Conversation, Ports
from bot.reconciler import standing
from bot.reconciler.asking import SEVERAL
from bot.reconciler.deeds import Done, approve, cancel, close_cancelled, done_before, undo
from bot.reconciler.drafting import planned
from bot.reconciler.electing import elected
from bot.reconciler.holding import hold, nudge, resume
from bot.reconciler.lifting import allow
from bot.reconciler.permitting import Deed, first_time, outside, too_low
from bot.reconciler.reaching import reached
from bot.reconciler.requesting import roll_back
from bot.reconciler.saving import note_alone
from bot.reconciler.subjects import Unclear, incident_of, lately, service_of
from bot.reconciler.talking import Reply, answered, named, say, settle, visit
from bot.reconciler.view import View, look_around
from bot.records.entry import Note, Stage
from bot.records.replies import answer, ask_for, help_text, misspoken, reasons
from bot.records.replies import standing as told_standing
from bot.refs import ServiceRef
from bot.signals.chat import read
from bot.signals.signal import Command, Reaction
from bot.signals.spoken import Allow, Approve, Cancel, Good, Help, Hold, Misspoken, Resume, RollBack, Spoken, Status, Undo, Why

FORGOTTEN = 3600.0
"""What was said longer ago, while we could not hear, is not carried out: the person may have helped themselves."""

ACTING = (Allow, Approve, Undo, Cancel)
"""What changes something goes by what stands at HEAD now. A rollback looks for itself; the rest only says things."""
_OURS = "that account is Rollbot's own: give it one of its own, so that people are told from it"


class Unheard(Unavailable):
    """The forge is away, so a command waits; nothing else has to."""


def hear(command: Command, ports: Ports, houses: Mapping[str, Ports] = MappingProxyType({})) -> None:
    """Carry one comment out and answer it. Raises Stale (read again at once) and Unheard (later).

    `houses`: all manifests repositories; of those that hear a comment on an application's repository one answers.
    """
    conversation = ports.conversation
    if conversation is None or answered(command, ports):
        return
    spoken = read(command.text)
    try:
        ours = spoken is not None and conversation.ours(command.actor_id)
        if ours:
            note_alone(Note(Stage.SIGNAL, f"a comment of {command.actor} is not obeyed", (_OURS,), {"key": command.key}), ports)
        answers = spoken is not None and not ours and elected(command, spoken, ports, houses)
        if isinstance(answers, Unclear):
            say(command.thread, command.comment, _unclear(answers), ports)
        elif spoken is not None and answers:
            visit(command.thread, ports)
            conversation.react(command.thread, command.comment, Reaction.SEEN)
            view = look_around(ports, fresh=isinstance(spoken, ACTING))
            say(command.thread, command.comment, _answer(command, spoken, view, conversation, ports), ports)
    except Stale:
        raise
    except Unavailable as error:
        raise Unheard(str(error)) from error
    except Refused as error:
        note_alone(Note(Stage.SIGNAL, f"a comment of {command.actor} could not be answered", (str(error),), {"key": command.key}), ports)
    settle(command, ports)


def _answer(command: Command, spoken: Spoken | Misspoken, view: View, conversation: Conversation, ports: Ports) -> Reply:
    deed = Deed.ACT if isinstance(spoken, (RollBack, Approve, Undo, Allow, Good)) else Deed.STOP
    if isinstance(spoken, RollBack) and spoken.dry_run:
        deed = Deed.STOP
    if why := too_low(command.actor, deed, view.config.people, conversation):
        return Reply(Reaction.REFUSED, answer("Nothing is done.", [why]) if first_time(command, ports) else "")
    if isinstance(spoken, Misspoken):
        return Reply(Reaction.UNCLEAR, misspoken(spoken, command.text.strip().partition("\n")[0]))
    if view.now - command.at > FORGOTTEN:
        minutes = round((view.now - command.at) / 60)
        return Reply(Reaction.REFUSED, answer("Nothing is done.", [f"this was said {minutes} minutes before I heard it; say it again"]))
    try:
        return _CARRIED_OUT[type(spoken)](command, spoken, view, ports)
    except Refused as error:
        return Reply(Reaction.REFUSED, answer("Nothing is done.", [str(error)]))


def _help(command: Command, spoken: Help, view: View, ports: Ports) -> Reply:
    return Reply(Reaction.DONE, help_text())


def _status(command: Command, spoken: Status, view: View, ports: Ports) -> Reply:
    known = lately(ports)
    found = incident_of(command, "status", spoken.service, spoken.environment, ports)
    shown = [found] if isinstance(found, Incident) else [] if spoken.service else known
    if spoken.service and isinstance(found, Unclear):
        ref = service_of(spoken.service, spoken.environment, "status", view)
        if isinstance(ref, Unclear):
            return _unclear(ref)
        shown = [each for each in known if each.service == ref]
    return Reply(Reaction.DONE, told_standing(shown, view.holds, view.stopped, view.now))


def _why(command: Command, spoken: Why, view: View, ports: Ports) -> Reply:
    found = incident_of(command, "why", spoken.service, spoken.environment, ports)
    if isinstance(found, Unclear):
        return _unclear(found)
    return Reply(Reaction.DONE, reasons(found, ports.store.entries(found.id)))


def _deed(command: Command, spoken: Approve | Cancel | Undo, view: View, ports: Ports) -> Reply:
    verb, act = _DEEDS[type(spoken)]
    if (before := done_before(command, ports)) is not None:
        close_cancelled(before.incident, ports)
        return _done(before)
    found = incident_of(command, verb, spoken.service, spoken.environment, ports)
    if isinstance(found, Unclear):
        return _unclear(found)
    if not isinstance(spoken, Cancel) and (why := _not_theirs(command, reached_by(found, view, ports), view, ports)):
        return Reply(Reaction.REFUSED, answer("Nothing is done.", [why]))
    return _done(act(found, command, spoken, view, ports))


def _done(done: Done) -> Reply:
    first = f"{code(str(done.incident.service))}: {prose(done.what)}."
    return Reply(Reaction.DONE, answer(first, [], [ask_for(done.incident, "status")]))


def _good(command: Command, spoken: Good, view: View, ports: Ports) -> Reply:
    ref = _vouched_for(command, spoken, view, ports)
    if isinstance(ref, Unclear):
        return _unclear(ref)
    if why := _not_theirs(command, [ref.environment], view, ports):
        return Reply(Reaction.REFUSED, answer("Nothing is done.", [why]))
    said = Vouched(named(command), command.actor, command.at, ref.name, ref.environment, spoken.version, spoken.reason)
    if said not in standing.goods(ports.store, ports.repository.name):
        what = f"{command.actor} says that {spoken.version} of {ref} is good"
        note_alone(Note(Stage.SUSPECTS, what, (spoken.reason,) if spoken.reason else (), {"comment": named(command)}), ports)
    standing.vouch(ports.store, ports.repository.name, said)
    nudge(ports)
    lines = [f"{spoken.version} of {ref} is no suspect from now on"]
    accused = next((each for each in lately(ports) if each.service == ref and each.ended is None and each.actions), None)
    if accused is not None and accused.action.version == spoken.version:
        return Reply(Reaction.DONE, answer("Noted.", [*lines, "it is being rolled back now; to stop that:"], [ask_for(accused, "cancel")]))
    return Reply(Reaction.DONE, answer("Noted.", lines))


def _vouched_for(command: Command, spoken: Good, view: View, ports: Ports) -> ServiceRef | Unclear:
    if spoken.service is not None:
        return service_of(spoken.service, spoken.environment, f"good {spoken.version}", view)
    found = incident_of(command, f"good {spoken.version}", None, spoken.environment, ports)
    return found if isinstance(found, Unclear) else found.service


def reached_by(incident: Incident, view: View, ports: Ports) -> Iterable[str]:
    """Where the incident's rollback changes something; what cannot be planned any more may be anywhere."""
    plan = planned(incident, view.state, ports.repository) if incident.actions else None
    own = {incident.service.environment} - {SEVERAL}
    if isinstance(plan, Plan):
        return reached(plan, view.state) | own
    return own or {each.ref.environment for each in view.state.estate.services}


def _not_theirs(command: Command, environments: Iterable[str], view: View, ports: Ports) -> str | None:
    if ports.conversation is None:
        return "this forge has no issues and comments"
    return outside(command.actor, environments, view.config.people, ports.conversation)


def _unclear(found: Unclear) -> Reply:
    return Reply(Reaction.UNCLEAR, answer("Nothing is done.", [found.why], found.commands))


_DEEDS: Mapping[type, tuple[str, Callable[..., Done]]] = {
    Approve: ("approve", approve),
    Cancel: ("cancel", cancel),
    Undo: ("undo", undo),
}
_CARRIED_OUT: Mapping[type, Callable[[Command, Any, View, Ports], Reply]] = {
    RollBack: roll_back,
    Status: _status,
    Why: _why,
    Approve: _deed,
    Cancel: _deed,
    Undo: _deed,
    Hold: hold,
    Resume: resume,
    Allow: allow,
    Good: _good,
    Help: _help,
}
