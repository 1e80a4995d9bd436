"""A rollback in two commits: the down Job, waited for, then the pin; or the Job taken out again, and the service as it was.

A person approves the first commit, and with it what follows: once the database has gone back, the pin waits for nobody. Where it stands
is data in the incident's actions (`down`, then `rollback` or `undo`), so it goes on from any kill.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from typing import Any

from bot.errors import Refused, Unavailable
from bot.incidents.incident import Action, Incident, Kind
from bot.incidents.lifecycle import End, State
from bot.objections import Objection, Weight
from bot.outcomes.job import Failed, JobRun, NotEnded, Succeeded, ended
from bot.plans.database import verdict_of
from bot.plans.draft import edits_of, merged_of
from bot.plans.merge import merge
from bot.plans.plan import Plan, Unplanned
from bot.plans.sequence import with_down
from bot.plans.undo import undo
from bot.policy.settings import Trust
from bot.ports import Ports
from bot.reconciler.arriving import asked_of, hasten
from bot.reconciler.step import Step, end, move, reasons, stay, told
from bot.reconciler.view import View
from bot.records.comments import BEGINS
from bot.records.entry import Note, Stage
from bot.refs import Sha
from bot.releases.compatibility import Verdict, Way, alternatives
from bot.releases.release import DesiredState

LOOK_EVERY = 30.0
_CODE = re.compile(r"\[([a-z-]+)\]$")


def preceded(plan: Plan, incident: Incident, state: DesiredState) -> Plan:
    """The plan of what comes first, where a down Job has to; the plan as it is, with what speaks against the Job, where it cannot be."""
    found = verdict_of(plan, state)
    if found is None or found.way is not Way.DOWN:
        return plan
    made = with_down(plan, state, found, _name(incident, plan))
    return made if isinstance(made, Plan) else replace(plan, objections=(*plan.objections, made))


def judged(plan: Plan, state: DesiredState, ports: Ports) -> Verdict | None:
    """The plan's verdict; a way over a down Job that cannot be planned, or that nobody could see end, is none."""
    found = verdict_of(plan, state)
    if found is None or found.way is not Way.DOWN:
        return found
    service = state.service(plan.services[0])
    if plan.down is None:
        why = next(
            (each.why for each in reversed(plan.objections) if each.code.startswith(("down-job", "writers"))), "it cannot be planned"
        )
    elif service is None or ports.cluster.job(service, plan.down.name) is None:
        why = "no cluster can be asked whether the Job has ended (docs/clusters.md)"
    else:
        return found
    return replace(found, way=Way.HELD, why=f"its down Job cannot be run ({why}): {alternatives(found.declared)}")


def followed(plan: Plan, incident: Incident, state: DesiredState, landed: Sha) -> Plan | Unplanned:
    """The rollback proper, with all that the down Job's commit brought taken back in the same commit."""
    commit = next((each for each in state.log if each.sha == landed), None)
    if commit is None:
        why = f"the down Job's commit {landed[:12]} is not on the branch any more"
        return Unplanned((Objection("moved-on", why, Weight.FORBIDS),))
    files, clash = dict(plan.files), []
    for path, undone in undo(state, commit).items():
        base, ours = state.file(path), files.get(path)
        if path not in files or undone.text is None:
            if undone.text != base:
                files[path] = undone.text
        elif base is not None and ours is not None:
            merged = merge(base, ours, undone.text)
            files[path] = merged.text
            clash += [Objection("moved-on", "the down Job's lines are left here", Weight.PERSON, path)] if merged.conflicts else []
    edits, lines = edits_of(state, files), merged_of(state, files)
    left = (each for each in plan.objections if each.code != "migration-down")  # it has been taken back
    return replace(plan, files=files, edits=edits, merged=lines, objections=(*left, *clash))


def go_on(incident: Incident, plan: Plan | Unplanned, view: View) -> tuple[Trust, tuple[Objection, ...]] | Step:
    """How far what follows the Job goes: as far as its approval does, unless HEAD has made something else of it. Or the end."""
    if isinstance(plan, Unplanned):
        why = f"{left_between(incident)}, and what follows cannot be planned: {plan.objections[0]}"
        return end(incident, End.ESCALATED, why, view.now, Note(Stage.PLAN, "no plan", (*reasons(plan.objections), *plan.choices)))
    known = {match[1] for line in incident.actions[-2].evidence if (match := _CODE.search(line))}
    new = [each for each in plan.objections if each.weight is not Weight.NOTE and each.code not in known]
    undoing = incident.action.kind is Kind.UNDO
    return (Trust.PROPOSE if new and not undoing else Trust.MERGE), plan.objections


def see_it_end(incident: Incident, view: View, ports: Ports) -> Step:
    """The Job's commit is merged: wait for the Job, through the cluster alone; what it did to the database nobody else knows."""
    action, run = incident.action, _run(incident, view, ports)
    match ended(view.now, action.merged or view.now, run, view.config.outcomes):
        case Succeeded(how=how):
            what = f"the down Job {action.job} succeeded"
            following = Action(Kind.ROLLBACK, action.release, action.identity, action.version, to=action.to)
            return _followed_by(
                following, incident, view, Note(Stage.OUTCOME, what, (how,)), f"go back to {action.to}: {what}", helped=True
            )
        case Failed(why=why, hangs=hangs):
            return _failed(incident, view, why, hangs)
        case NotEnded(why=why):
            hurried = hasten(incident, view, ports)
            return stay(incident, view.now + LOOK_EVERY, Note(Stage.ARRIVAL, "the down Job has not ended", (why, *hurried)))


def say_why(incident: Incident, view: View) -> Step:
    """The Job is out of the cluster too: what is left is a person's."""
    action, down = incident.action, incident.actions[-2]
    asked = f"{_stays(down)}: {action.asked_by} had its down Job taken out of Git\n{down.instead}"
    first, *more = (action.told or asked).splitlines()
    return end(incident, End.ESCALATED, first, view.now, Note(Stage.OUTCOME, "what is left is a person's", tuple(more)))


def approver(incident: Incident) -> str:
    """Who approved the sequence that the action at hand ends."""
    down = incident.actions[-2]
    return down.approved or (f"whoever merged #{down.pull}" if down.pull else "a person")


def _run(incident: Incident, view: View, ports: Ports) -> JobRun | None:
    try:
        return ports.cluster.job(asked_of(incident.service, incident.action.commit, view.state), incident.action.job)
    except (Unavailable, Refused):
        return None


def _failed(incident: Incident, view: View, why: str, hangs: bool) -> Step:
    action = incident.action
    first = f"the Job {action.job} may still be at work, look for it first; then " if hangs else ""
    text = f"{_stays(action)}: its down Job {why}\nNow: {first}{action.instead}"
    following = Action(Kind.UNDO, action.commit, version=action.version, to=action.to, told=text)
    note = Note(Stage.OUTCOME, "the down Job did not do it", (why,))
    step = _followed_by(following, incident, view, note, f"take the down Job {action.job} out again", helped=False)
    return told(step, f"down:{len(incident.actions)}", f"{incident.service}: the down Job of {action.version} did not do it", text)


def _followed_by(following: Action, incident: Incident, view: View, note: Note, what: str, **changes: Any) -> Step:
    """Another action of the same incident begins, in one save with the end of the Job."""
    decision = Note(Stage.DECISION, what, note.because, {BEGINS: len(incident.actions) + 1})
    step = move(incident, State.DECIDED, view.now, note, decision, **changes)
    return replace(step, incident=replace(step.incident, actions=(*step.incident.actions, following)))


def _stays(action: Action) -> str:
    """What is so where a down Job did not do it; short enough for a phone."""
    where = f"between schema {action.came} and {action.leaves}" if action.came and action.leaves else "on the way back"
    return f"{action.version} stays, and its database may be anywhere {where}"


def left_between(incident: Incident) -> str:
    """Where the database is, of a sequence that goes no further."""
    down = incident.actions[-2]
    if incident.action.kind is Kind.UNDO:
        return f"the down Job {down.job} did not do it"
    return f"the down Job {down.job} has taken the database back{f' to schema {down.leaves}' if down.leaves else ''} already"


def _name(incident: Incident, plan: Plan) -> str:
    """The same for this incident and release, whenever it is planned; another one for every other, so that each runs once."""
    key = hashlib.sha256("\n".join([incident.id, plan.undone or ""]).encode()).hexdigest()
    return f"rollbot-down-{key[:8]}"
