"""Decided → planned on HEAD and admitted: how far it goes by itself, or why not at all."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

from bot.errors import Refused
from bot.incidents.incident import Incident, Kind
from bot.incidents.lifecycle import End, State
from bot.objections import Objection, Weight
from bot.plans.plan import Plan, Unplanned
from bot.policy.admit import Admitted, Declined, accepted, admit
from bot.policy.rules.table import objections
from bot.policy.settings import Trust
from bot.ports import Ports
from bot.reconciler.casing import accusing, case_of, releases_of
from bot.reconciler.counting import made_alone
from bot.reconciler.drafting import branch, planned
from bot.reconciler.going import mends
from bot.reconciler.grouping import against_others, members
from bot.reconciler.pulling import unpullable
from bot.reconciler.reaching import consumers, reached
from bot.reconciler.step import MINUTE, Step, end, move, reasons, stay
from bot.reconciler.trusting import trusted
from bot.reconciler.view import View
from bot.reconciler.weighing import remembered
from bot.records.entry import Note, Stage
from bot.refs import Instant
from bot.releases.authors import pull_request
from bot.releases.release import DesiredState, Release

MODES = {"pr": Trust.PROPOSE, "propose": Trust.PROPOSE, "merge": Trust.MERGE, "push": Trust.PUSH}
GENERATIONS = 20


def plan_it(incident: Incident, view: View, ports: Ports) -> Step:
    plan = planned(incident, view.state, ports.repository)
    if isinstance(plan, Unplanned):
        how = End.DECLINED if incident.asked else End.ESCALATED
        note = Note(Stage.PLAN, "no plan", (*reasons(plan.objections), *plan.choices))
        return end(incident, how, f"it cannot be planned: {plan.objections[0]}", view.now, note)
    against = (
        *accepted(plan.objections, view.config.policy.accept),
        *_policy(incident, plan, view, ports),
        *_turned_down(incident, plan, ports),
        *unpullable(plan, view.state, ports.registry),
    )
    mode = MODES[incident.request.mode] if incident.request and incident.request.mode else None
    drawn = _drawn(plan)
    where, trust = trusted(incident, plan, view, ports)
    match admit(against, trust, incident.asked, mode):
        case Declined() if all(each.passes for each in against if each.weight is Weight.FORBIDS):
            note = Note(Stage.PLAN, f"not now: {_said(incident, plan)}", reasons(against), drawn)
            return stay(incident, view.now + MINUTE, note)
        case Declined():
            note = Note(Stage.PLAN, f"not admitted: {_said(incident, plan)}", reasons(against), drawn)
            first = next(each for each in against if each.weight is Weight.FORBIDS)
            return end(incident, End.DECLINED, str(first), view.now, note)
        case Admitted(mode=Trust.OBSERVE | Trust.NOTIFY as rung):
            note = Note(Stage.PLAN, f"would have: {_said(incident, plan)}", reasons(against), drawn)
            why = f"trust in {where} goes no further than {rung}"
            return end(incident, End.OBSERVED, why, view.now, note, urgent=rung is Trust.NOTIFY)
        case Admitted(mode=rung):
            note = Note(Stage.PLAN, f"{rung}: {_said(incident, plan)}", reasons(against), drawn)
            return _admitted(incident, plan, rung, note, view, ports)


def _policy(incident: Incident, plan: Plan, view: View, ports: Ports) -> tuple[Objection, ...]:
    undoing = incident.action.kind is Kind.UNDO
    case = accusing(case_of(incident, view, ports), _release(incident, plan, view.state), plan.target, undoing)
    case = remembered(case, plan.undone, incident, ports)
    where = tuple(sorted(reached(plan, view.state)))
    made = made_alone(incident, view, ports.store)
    security, others = mends(incident.service, plan, view.state), consumers(plan, incident.service, view.state)
    case = replace(case, reached=where, fixing=_fixing(incident, plan, ports), made=made, security=security, consumers=others)
    own = () if incident.action.later else objections(case)  # what it is about was asked before its first wave
    return (*own, *against_others(plan, case, view))


def _fixing(incident: Incident, plan: Plan, ports: Ports) -> tuple[str, ...]:
    """Pull requests by which people may be fixing it forward right now. A forge that does not let us look knows of none."""
    if incident.asked or incident.action.kind is Kind.UNDO:
        return ()
    try:
        found = ports.forge.touching(sorted(plan.files), incident.onset or incident.opened)
    except Refused:
        return ()
    return tuple(f"pull request {pull.number} ({pull.branch})" for pull in found[:3])


def _turned_down(incident: Incident, plan: Plan, ports: Ports) -> tuple[Objection, ...]:
    """A person who closed this very proposal is not asked again by the next alert; only a person's command brings it back."""
    if incident.asked or incident.action.kind is Kind.UNDO:
        return ()
    for other in ports.store.incidents(service=incident.service):
        turned_down = any(action.identity == plan.release and action.merged is None for action in other.actions)
        if other.id != incident.id and other.end is End.CLOSED and turned_down:
            why = f"a person closed this rollback's pull request in {other.id}; `rollbot rollback` proposes it again"
            return (Objection("turned-down", why, Weight.FORBIDS),)
    return ()


def _release(incident: Incident, plan: Plan, state: DesiredState) -> Release | None:
    releases = releases_of(incident.service, state).releases
    return next((release for release in releases if release.commit == plan.undone), None)


def _admitted(incident: Incident, plan: Plan, rung: Trust, note: Note, view: View, ports: Ports) -> Step:
    action, attempt = incident.action, _generation(incident, plan, ports)
    undoing, name = action.kind is Kind.UNDO, branch(action, plan, attempt)
    written = {} if action.branch == name else {"head": None, "pull": None, "url": None}
    return move(
        incident,
        State.ADMITTED,
        view.now,
        note,
        release=action.release if undoing else plan.undone,
        identity=plan.release,
        version=action.version if undoing else plan.undone_version,
        to=action.to if undoing else plan.target.version if plan.target else "",
        attempt=attempt,
        key=plan.key(attempt),
        base=plan.base,
        mode=rung.value,
        branch=name,
        **written,
        approved="",
        replaced=(*action.replaced, action.branch) if action.branch not in ("", name) else action.replaced,
        evidence=note.because,
        planned=action.planned or view.now,
        expires=action.expires or view.now + view.config.policy.quarantine,
        merges=_counted(incident, plan, rung, view),
        culprit=None if undoing else _brought_in_by(plan, view.state),
        members=action.members if undoing or action.later else members(plan),
        wave=action.wave if undoing else plan.wave,
    )


def _counted(incident: Incident, plan: Plan, rung: Trust, view: View) -> Instant | None:
    """When the countdown ends, of what goes by itself and nobody asked for; once begun, planning again does not begin it anew."""
    action = incident.action
    if incident.asked or action.asked_by or rung.rung < Trust.MERGE.rung:
        return None
    wait = view.config.policy.countdown.before(reached(plan, view.state))
    return None if not wait else action.merges or view.now + wait


def _brought_in_by(plan: Plan, state: DesiredState) -> int | None:
    """The pull request that the undone commit says it came from."""
    return next((pull_request(commit.message) for commit in state.log if commit.sha == plan.undone), None)


def _generation(incident: Incident, plan: Plan, ports: Ports) -> int:
    """Which branch of this plan is ours: the first that no earlier incident has finished with (F4)."""
    if incident.action.key == plan.key(incident.action.attempt):
        return incident.action.attempt
    for attempt in range(1, GENERATIONS):
        pull = ports.forge.find(branch(incident.action, plan, attempt))
        if pull is None or pull.state == "open":
            return attempt
    return GENERATIONS


def _said(incident: Incident, plan: Plan) -> str:
    went_to, files = plan.target.version if plan.target else "what was before", ", ".join(sorted(plan.files))
    if incident.action.kind is Kind.UNDO:
        return f"undo {plan.undone_version} → {went_to} in {files}"
    return f"{plan.undone_version} → {went_to} in {files}"


def _drawn(plan: Plan) -> dict[str, Any]:
    return {
        "base": plan.base,
        "undone": plan.undone,
        "release": plan.release,
        "target": plan.target and asdict(plan.target),
        "alternatives": [{"version": other.version, "served": other.served, "why": other.why} for other in plan.alternatives],
        "edits": [{"path": e.path, "yaml_path": e.yaml_path, "line": e.line, "from": e.before, "to": e.after} for e in plan.edits],
        "merged": [{"path": m.path, "added": m.added, "removed": m.removed} for m in plan.merged],
    }
