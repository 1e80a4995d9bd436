"""The action at hand × a desired state → its plan, and the change that carries it: the same every time it is drafted."""

from __future__ import annotations

from dataclasses import replace

from bot.changes.change import Change
from bot.changes.compose import branch_of, compose, compose_undo
from bot.changes.sequence import compose_down, compose_lift, with_schema
from bot.incidents.incident import Action, Incident, Kind
from bot.plans.make import make
from bot.plans.plan import ByCommit, ByRelease, Plan, Selector, Target, Unplanned
from bot.plans.quarantine import keep_out
from bot.plans.traffic import folded, given_back
from bot.ports import Ports, Repository
from bot.quarantine import FOLDER, read
from bot.reconciler.asking import made, selected
from bot.reconciler.briefing import brief_of, with_bytes
from bot.reconciler.grouping import first_wave, wave_plan
from bot.reconciler.sequencing import followed, preceded
from bot.reconciler.view import View
from bot.refs import Sha
from bot.releases.release import DesiredState

WITH = "with"
"""Of an action's `shift`: the drain is in the rollback's own commit."""


def planned(incident: Incident, state: DesiredState, repository: Repository) -> Plan | Unplanned:
    action = incident.action
    if action.kind is Kind.UNDO:
        undone = make(ByCommit(landed(state, action.release, repository)), state)
        drained = next((each.drained for each in incident.actions if each.commit == action.release and each.drained), None)
        if drained is not None:
            undone = given_back(undone, state, landed(state, drained, repository))
        return _undo(incident, undone) if isinstance(undone, Plan) else undone
    plan = wave_plan(action, state) if action.later else _rollback(incident, state)
    if isinstance(plan, Plan) and incident.sequel:
        plan = followed(plan, incident, state, landed(state, incident.actions[-2].commit, repository))
    elif isinstance(plan, Plan) and not action.later:
        plan = preceded(plan, incident, state)
    if isinstance(plan, Unplanned) or plan.down is not None or action.shift != WITH:
        return plan
    return folded(plan, state, action.backends, action.routes)


def _rollback(incident: Incident, state: DesiredState) -> Plan | Unplanned:
    action, request = incident.action, incident.request
    bad = action.members[0].release if action.members else action.release
    selector: Selector = selected(request) if request else ByRelease(incident.service, bad or Sha(""))
    to, pins_only = (request.to, request.pins_only) if request else (action.toward or None, False)
    plan = made(selector, state, to=to, pins_only=pins_only, quarantines=read(state), suspects=action.suspected)
    if not request and action.toward and not _can_be(plan):  # it cannot be had any more, or not beside what others need
        plan = made(selector, state, to=None, pins_only=pins_only, quarantines=read(state), suspects=action.suspected)
    return first_wave(plan, state) if isinstance(plan, Plan) else plan


def _can_be(plan: Plan | Unplanned) -> bool:
    return isinstance(plan, Plan) and all(each.code != "contradicting-requirements" for each in plan.objections)


def branch(action: Action, plan: Plan, attempt: int) -> str:
    return branch_of(plan, attempt) + ("-undo" if action.kind is Kind.UNDO else "-down" if plan.down else "")


def composed(incident: Incident, plan: Plan, view: View, ports: Ports) -> Change:
    action, target = incident.action, ports.repository.branch
    brief = brief_of(incident, plan, view, ports)
    if plan.down is not None:
        return compose_down(plan, with_bytes(brief, plan, view.state), branch=target, incident=incident.id, attempt=action.attempt)
    if incident.sequel and action.kind is Kind.UNDO:
        down = incident.actions[-2].job
        return compose_lift(plan, action.told, down, branch=target, incident=incident.id, attempt=action.attempt)
    if action.kind is Kind.UNDO:
        return compose_undo(plan, with_bytes(brief, plan, view.state), branch=target, incident=incident.id, attempt=action.attempt)
    planned_at = action.planned or incident.opened
    expires = brief.expires or planned_at
    owner = brief.asked_by or "rollbot"
    kept = keep_out(plan, incident.id, brief.reason, owner=owner, since=planned_at, expires=expires, rules=view.state.rules)
    change = compose(kept, with_bytes(brief, kept, view.state), branch=target, incident=incident.id, attempt=action.attempt)
    return with_schema(change, incident.actions[-2].leaves) if incident.sequel else change


def landed(state: DesiredState, commit: Sha | None, repository: Repository) -> Sha:
    """The commit of the branch's own line that brought `commit` in: itself, or the merge of its branch."""
    line = [each.sha for each in state.log]
    if commit is None or commit in line:
        return commit or Sha("")
    brought = commit
    for sha in line:
        if not repository.contains(sha, commit):
            break
        brought = sha
    return brought


def _undo(incident: Incident, plan: Plan) -> Plan:
    """An undo goes by the names of the rollback that it undoes; that its quarantine goes with it is no objection."""
    went_to = Target(incident.action.to, None, None, "what the rollback went back to")
    objections = tuple(objection for objection in plan.objections if not (objection.path or "").startswith(f"{FOLDER}/"))
    return replace(plan, services=(incident.service,), undone_version=incident.action.version, target=went_to, objections=objections)
