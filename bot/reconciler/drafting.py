"""The action at hand × a desired state → its plan, and the change that carries it: the same every time it is drafted."""

from __future__ import annotations

from dataclasses import replace

from bot.changes.change import Change
from bot.changes.compose import branch_of, compose, compose_undo
from bot.incidents.incident import Action, Incident, Kind
from bot.plans.make import make
from bot.plans.plan import ByCommit, ByRelease, Plan, Selector, Target, Unplanned
from bot.plans.quarantine import keep_out
from bot.ports import Ports, Repository
from bot.quarantine import FOLDER, read
from bot.reconciler.asking import made, selected
from bot.reconciler.briefing import brief_of, with_bytes
from bot.reconciler.grouping import first_wave, wave_plan
from bot.reconciler.view import View
from bot.refs import Sha
from bot.releases.release import DesiredState


def planned(incident: Incident, state: DesiredState, repository: Repository) -> Plan | Unplanned:
    action, request = incident.action, incident.request
    if action.kind is Kind.UNDO:
        plan = make(ByCommit(landed(state, action.release, repository)), state)
        return _undo(incident, plan) if isinstance(plan, Plan) else plan
    if action.later:
        return wave_plan(action, state)
    selector: Selector = selected(request) if request else ByRelease(incident.service, action.release or Sha(""))
    to, pins_only = (request.to, request.pins_only) if request else (action.toward or None, False)
    plan = made(selector, state, to=to, pins_only=pins_only, quarantines=read(state))
    if isinstance(plan, Unplanned) and not request and action.toward:  # it cannot be had any more
        plan = made(selector, state, to=None, pins_only=pins_only, quarantines=read(state))
    return first_wave(plan, state) if isinstance(plan, Plan) else plan


def branch(action: Action, plan: Plan, attempt: int) -> str:
    return branch_of(plan, attempt) + ("-undo" if action.kind is Kind.UNDO else "")


def composed(incident: Incident, plan: Plan, view: View, ports: Ports) -> Change:
    action, target = incident.action, ports.repository.branch
    brief = brief_of(incident, plan, view, ports)
    if action.kind is Kind.UNDO:
        return compose_undo(plan, with_bytes(brief, plan, view.state), branch=target, incident=incident.id, attempt=action.attempt)
    planned_at = action.planned or incident.opened
    expires = brief.expires or planned_at
    owner = brief.asked_by or "rollbot"
    kept = keep_out(plan, incident.id, brief.reason, owner=owner, since=planned_at, expires=expires, rules=view.state.rules)
    return compose(kept, with_bytes(brief, kept, view.state), branch=target, incident=incident.id, attempt=action.attempt)


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
