"""Several services that go back because of each other: whose they are, wave after wave, and what stops the next one."""

from __future__ import annotations

from dataclasses import replace

from bot.incidents.incident import Action, Incident, Kind, Member
from bot.incidents.lifecycle import End, State
from bot.incidents.storm import PLATFORM
from bot.objections import Objection, Weight
from bot.plans.joined import joined, of_wave, waves
from bot.plans.make import alone
from bot.plans.plan import ByRelease, Plan, Unplanned
from bot.policy.case import Case
from bot.policy.rules.cooldown import cooling_down
from bot.policy.rules.frozen import frozen
from bot.policy.rules.held import held
from bot.policy.rules.maintenance import maintained
from bot.policy.rules.protected import protected
from bot.ports import Ports
from bot.quarantine import read
from bot.reconciler.casing import releases_of
from bot.reconciler.step import Step, end, move, stay
from bot.reconciler.view import View
from bot.records.comments import BEGINS
from bot.records.entry import Note, Stage
from bot.records.trailers import past
from bot.releases.release import DesiredState

LOOK_EVERY = 30.0
OTHERS = (held, maintained, frozen, protected, cooling_down)
"""The rules that are asked of each service that goes along: what the incident itself is about is asked of its own."""
MOVED_ON = frozenset(("already-there", "nothing-to-do"))


def first_wave(plan: Plan, state: DesiredState) -> Plan:
    """What of a group goes back first."""
    return of_wave(plan, waves(plan)[0], state) if plan.parts else plan


def members(plan: Plan) -> tuple[Member, ...]:
    """All of a group, whatever wave of it the plan is; none where the plan is no group's."""
    parts = (*plan.parts, *plan.rest)
    return tuple(
        Member(part.services[0], part.undone, part.undone_version, part.target.version, part.wave)
        for part in parts
        if part.undone is not None and part.target is not None
    )


def wave_plan(action: Action, state: DesiredState) -> Plan | Unplanned:
    """Plan a later wave: what it was to be is kept in the action, and what stands there already is left out."""
    parts: list[Plan] = []
    for member in (member for member in action.members if member.wave == action.wave):
        part = alone(ByRelease(member.service, member.release), state, to=member.to, quarantines=read(state))
        if isinstance(part, Plan):
            parts.append(replace(part, wave=member.wave))
        elif part.objections[0].code not in MOVED_ON:
            return part
    if not parts:
        return Unplanned((Objection("nothing-to-do", f"wave {action.wave} stands at HEAD already", Weight.FORBIDS),))
    first, turn = action.members[0], action.turn or (1, 1)
    why = f"wave {turn[0]} of {turn[1]} of the group that goes back with {first.service} {first.version}"
    plan = joined(parts, state, (Objection("goes-along", why, Weight.NOTE),))
    return replace(plan, parts=tuple(parts), wave=action.wave, turn=action.turn)


def against_others(plan: Plan, case: Case, view: View) -> tuple[Objection, ...]:
    """What speaks against taking those along that go with the incident's own service."""
    found: list[Objection] = []
    for part in (*plan.parts, *plan.rest):
        for ref in part.services:
            if ref != case.service:
                its = past(view.state.log, releases_of(ref, view.state), "")
                theirs = replace(case, service=ref, release=None, suspect=None, past=tuple(each for each in its if each.at < case.now))
                found += [replace(why, why=f"{ref.name}: {why.why}") for rule in OTHERS if (why := rule(theirs))]
    return tuple(dict.fromkeys(found))


def go_on(incident: Incident, view: View, ports: Ports) -> Step | None:
    """A wave has arrived: see that it turned nobody red, then take the next. None where there is no next wave to think of."""
    action = incident.action
    turn = action.turn
    if turn is None or action.kind is not Kind.ROLLBACK:
        return None
    if red := turned_red(incident, view, ports):
        return _stopped(incident, red, view)
    if turn[0] == turn[1]:
        return None
    arrived = action.arrived if action.arrived is not None else view.now
    sure = arrived + view.config.outcomes.settle + view.config.outcomes.soak
    if view.now < sure:
        note = Note(Stage.OUTCOME, f"wave {turn[0]} of {turn[1]} has arrived; watching whether it turns anything red", (_moved(action),))
        return stay(incident, min(sure, view.now + LOOK_EVERY), note)
    following = action.waves[turn[0]]
    lead = next(member for member in action.members if member.wave == following)
    after = Action(
        Kind.ROLLBACK, lead.release, version=lead.version, members=action.members, wave=following, expires=action.expires, planned=view.now
    )
    actions = (*incident.actions, after)
    done = Note(Stage.OUTCOME, f"wave {turn[0]} of {turn[1]} has arrived and turned nothing red", (_moved(action),))
    what = f"roll back {lead.version} of {lead.service}, wave {turn[0] + 1} of {turn[1]}"
    step = move(incident, State.DECIDED, view.now, done, Note(Stage.DECISION, what, (_moved(after),), {BEGINS: len(actions)}))
    return replace(step, incident=replace(step.incident, actions=actions))


def undo_on(incident: Incident, view: View) -> Step | None:
    """The undo of a wave has arrived: take the wave before it back too. None where there is none left."""
    undo = incident.action
    undone = {action.release for action in incident.actions if action.kind is Kind.UNDO}
    made = [action for action in incident.actions if action.kind is Kind.ROLLBACK and action.commit and action.members == undo.members]
    earlier = [action for action in made if undo.members and action.commit not in undone]
    if not earlier:
        return None
    following = undo_of(earlier[-1], undo.asked_by)
    actions = (*incident.actions, following)
    turn = following.turn or (1, 1)
    what = f"undo the rollback of {following.version}, wave {turn[0]} of {turn[1]}"
    note = Note(Stage.DECISION, what, ("what goes back together comes back together",), {BEGINS: len(actions)})
    step = move(incident, State.DECIDED, view.now, Note(Stage.OUTCOME, "the undo of a wave has arrived"), note)
    return replace(step, incident=replace(step.incident, actions=actions))


def undo_of(rolled: Action, asked_by: str = "") -> Action:
    """The action that takes another back."""
    return Action(
        Kind.UNDO, rolled.commit, version=rolled.version, to=rolled.to, asked_by=asked_by, members=rolled.members, wave=rolled.wave
    )


def turned_red(incident: Incident, view: View, ports: Ports) -> tuple[Incident, ...]:
    """Services of the environment that turned red after this action was merged, and that no release of their own explains."""
    action = incident.action
    if action.merged is None:
        return ()
    found = []
    for other in ports.store.incidents(incident.service.repository, open_only=True):
        began = [symptom.started for symptom in other.symptoms if symptom.resolved is None]
        mine = other.id == incident.id or other.service.name == PLATFORM or other.asked
        if mine or not began or other.service.environment != incident.service.environment or min(began) < action.merged:
            continue
        since = (each for each in releases_of(other.service, view.state).releases if each.time > action.merged and not each.rollback)
        if next(since, None) is None:
            found.append(other)
    return tuple(found)


def _stopped(incident: Incident, red: tuple[Incident, ...], view: View) -> Step:
    """The group stands still where it is: what has gone back is said, what has not, and how to go on. A person has to."""
    action, turn = incident.action, incident.action.turn or (1, 1)
    names = ", ".join(f"{each.service} ({each.symptoms[0].name})" for each in red)
    why = f"wave {turn[0]} of {turn[1]} turned {names} red: the waves after it are not taken"
    left = [member for member in action.members if member.wave > action.wave]
    done = [member for member in action.members if member.wave <= action.wave]
    gone, still = ("; ".join(map(_told, members)) or "nothing" for members in (done, left))
    ways = [f"`/rollback {member.service.name} to {member.to} in {member.service.environment}` goes on" for member in left[:1]]
    because = (f"has gone back: {gone}; has not: {still}", "; ".join(("`/rollback undo` takes all of it back, wave by wave", *ways)))
    note = Note(Stage.OUTCOME, f"wave {turn[0]} of {turn[1]} turned something red", because)
    return end(incident, End.ESCALATED, why, view.now, note)


def _moved(action: Action) -> str:
    return "; ".join(_told(member) for member in action.members if member.wave == action.wave)


def _told(member: Member) -> str:
    return f"{member.service} {member.version} → {member.to}"
