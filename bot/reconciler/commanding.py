"""A person's comment, carried out: seen, understood, permitted, done, answered; each comment once.

Every effect finds what an earlier run left, and that the comment is settled is remembered last: so it may be read again after any
kill, and ends in the same one branch, one pull request and one answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from bot.changes.markdown import code, prose
from bot.errors import Refused, Stale, Unavailable
from bot.incidents.incident import Incident
from bot.plans.plan import Plan
from bot.policy.words import Good as Vouched
from bot.policy.words import Hold as Holding
from bot.ports import Conversation, Ports
from bot.reconciler import standing
from bot.reconciler.asking import SEVERAL
from bot.reconciler.deeds import Done, approve, cancel, close_cancelled, done_before, undo
from bot.reconciler.drafting import planned
from bot.reconciler.lifting import allow
from bot.reconciler.permitting import Deed, first_time, outside, too_low
from bot.reconciler.reaching import reached
from bot.reconciler.requesting import roll_back
from bot.reconciler.saving import note_alone
from bot.reconciler.subjects import Unclear, incident_of, lately, service_of
from bot.reconciler.talking import Reply, answered, named, say, settle
from bot.reconciler.view import View, look_around
from bot.records.entry import Note, Stage
from bot.records.replies import answer, ask_for, help_text, misspoken, reasons
from bot.records.replies import standing as told_standing
from bot.refs import ServiceRef
from bot.signals.chat import duration, read
from bot.signals.signal import Command, Reaction
from bot.signals.spoken import Allow, Approve, Cancel, Good, Help, Hold, Misspoken, Resume, RollBack, Spoken, Status, Undo, Why

FORGOTTEN = 3600.0
"""What was said longer ago, while we could not hear, is not carried out: the person may have helped themselves."""


class Unheard(Unavailable):
    """The forge is away, so a command waits; nothing else has to."""


def hear(command: Command, ports: Ports) -> None:
    """Carry one comment out and answer it. Raises Stale (read again at once) and Unheard (later)."""
    conversation = ports.conversation
    if conversation is None or answered(command, ports):
        return
    spoken = read(command.text)
    try:
        if spoken is not None:
            conversation.react(command.thread, command.comment, Reaction.SEEN)
            view = look_around(ports, fresh=False)
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


def _hold(command: Command, spoken: Hold, view: View, ports: Ports) -> Reply:
    place = _place(command, "hold", spoken.service, spoken.environment, view, ports)
    if isinstance(place, Unclear):
        return _unclear(place)
    service, environment = place
    until = command.at + spoken.seconds
    said = Holding(named(command), command.actor, command.at, until, service, environment, spoken.reason)
    standing.hold(ports.store, ports.repository.name, said)
    _nudge(ports)
    where = _where(service, environment)
    what = f"{command.actor} holds {where} for {duration(spoken.seconds)}: nothing is changed there by itself until then"
    return Reply(Reaction.DONE, answer("Held.", [what], ["/rollback resume" if service is None else f"/rollback resume {service}"]))


def _resume(command: Command, spoken: Resume, view: View, ports: Ports) -> Reply:
    place = _place(command, "resume", spoken.service, spoken.environment, view, ports)
    if isinstance(place, Unclear):
        return _unclear(place)
    service, environment = place
    ended = standing.release(ports.store, ports.repository.name, service, environment)
    _nudge(ports)
    lines = [f"{_where(hold.service, hold.environment)}, held by {hold.by}" for hold in ended]
    left = [
        hold
        for hold in standing.holds(ports.store, ports.repository.name, view.now)
        if hold.service in (None, service) and hold.environment in (None, environment)
    ]
    if left:
        lines += [f"still held: {_where(hold.service, hold.environment)}, by {hold.by}" for hold in left]
        ways = [f"/rollback resume {hold.service}" for hold in left if hold.service]
        return Reply(Reaction.DONE if ended else Reaction.UNCLEAR, answer("It is held more widely.", lines, ways))
    return Reply(Reaction.DONE, answer("Going on.", lines or [f"nothing holds {_where(service, environment)}"]))


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
    _nudge(ports)
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


def _place(
    command: Command, verb: str, service: str | None, environment: str | None, view: View, ports: Ports
) -> tuple[str | None, str | None] | Unclear:
    """What a hold is on: what was named, else the service that the thread is about, else everything."""
    if service is not None:
        if not view.state.estate.named(service, environment):
            found = service_of(service, environment, verb, view)
            return found if isinstance(found, Unclear) else (found.name, found.environment)
        return view.state.estate.named(service, environment)[0].ref.name, environment
    if environment is not None:
        return None, environment
    found_here = incident_of(command, verb, None, None, ports)
    return (None, None) if isinstance(found_here, Unclear) else (found_here.service.name, found_here.service.environment)


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


def _where(service: str | None, environment: str | None) -> str:
    return f"{service or 'every service'}{f' in {environment}' if environment else ''}"


def _unclear(found: Unclear) -> Reply:
    return Reply(Reaction.UNCLEAR, answer("Nothing is done.", [found.why], found.commands))


def _nudge(ports: Ports) -> None:
    """What stands has changed: let every open incident look again."""
    for incident in ports.store.incidents(ports.repository.name, open_only=True):
        ports.queue.enqueue(incident.id, ports.clock.now())


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
    Hold: _hold,
    Resume: _resume,
    Allow: allow,
    Good: _good,
    Help: _help,
}
