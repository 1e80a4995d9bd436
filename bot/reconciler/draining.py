"""The bad side's traffic, before its version or with it: how is decided with the plan, and what was done is found again (law 3)."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace

from bot.changes.change import Blocked, Change, MergeAnswer, Merged, Moved
from bot.changes.compose import compose_drain
from bot.errors import Refused
from bot.incidents.incident import Incident, Kind
from bot.incidents.lifecycle import State
from bot.objections import Objection, Weight
from bot.plans.plan import Plan
from bot.plans.traffic import Shifted, drained, shift, with_shift
from bot.policy.settings import Trust
from bot.ports import Ports
from bot.reconciler.changing import why_held
from bot.reconciler.drafting import WITH
from bot.reconciler.reaching import reached
from bot.reconciler.step import Step, move, stay, told
from bot.reconciler.view import View
from bot.records.entry import Note, Stage
from bot.records.trailers import drained_by
from bot.refs import Sha

FIRST = "first"


def afresh(incident: Incident) -> Incident:
    """Planned again, how the traffic goes is decided again; what is drained stays so."""
    action = incident.action
    if not action.shift or action.drained is not None:
        return incident
    return _set(incident, shift="", backends=(), routes=())


def shifting(incident: Incident, plan: Plan, against: Iterable[Objection], view: View) -> tuple[Incident, Plan, tuple[Objection, ...]]:
    """Decide whether the traffic goes first by itself, with the rollback (the plan then holds both), or not at all, and say so.

    `against`: what policy has against the rollback. Where a person asked for the drain and it cannot be had, nothing is done.
    """
    asked = incident.request is not None and incident.request.drain
    wanted = asked or (not incident.asked and view.config.traffic.drains(incident.service.environment))
    action = incident.action
    if action.kind is not Kind.ROLLBACK or action.drained is not None or action.repairs or not wanted:
        return incident, plan, ()
    found = shift(plan, view.state, view.config.traffic)
    if isinstance(found, Objection):
        forbids = asked and found.weight is not Weight.NOTE  # what is drained already is as it was asked for
        return incident, plan, (replace(found, weight=Weight.FORBIDS if forbids else Weight.NOTE),)
    how = FIRST if _goes_alone(incident, plan, found, against, view) else WITH
    chosen = _set(incident, shift=how, backends=found.backends, routes=tuple(sorted(found.files)))
    names = ", ".join(found.backends)
    if how == FIRST:
        why = f"the traffic of {names} is taken away first, in a commit of its own; it needs no person"
        return chosen, plan, (Objection("drained-first", why, Weight.NOTE), *found.objections)
    return chosen, with_shift(plan, found), (Objection("drained-with", f"the traffic of {names} is taken away with it", Weight.NOTE),)


def drain_first(incident: Incident, view: View, ports: Ports) -> Step | None:
    """Take the traffic away where that goes first; None where it does not, is done, or has to wait like the rollback itself."""
    action = incident.action
    if action.shift != FIRST or action.drained is not None or action.commit is not None:
        return None
    if done := _done(incident, view, ports):
        return _drained(incident, done, view)
    if incident.gone is not None or why_held(incident, view):
        return None
    found = drained(view.state, action.backends, action.routes, {})
    if isinstance(found, Objection):
        note = Note(Stage.CHANGE, "the traffic stays where it is; the rollback goes on", (str(found),))
        return stay(incident, view.now, note, shift="")
    change = compose_drain(
        found.edits, found.files, base=view.state.head, branch=_branch(incident), target=ports.repository.branch,
        service=incident.service, version=action.version, incident=incident.id, number=len(incident.actions), why=_why(incident),
    )  # fmt: skip
    match _merge(change, incident, view, ports):
        case Merged(commit=commit):
            return _drained(incident, commit, view)
        case Moved(head=head):
            return stay(incident, view.now, Note(Stage.CHANGE, f"the branch moved on to {head[:12]}: the traffic is taken away on it"))
        case Blocked(by=by):
            note = Note(Stage.CHANGE, "the forge does not let the traffic go first; it goes with the rollback", (by,))
            return move(incident, State.DECIDED, view.now, note, together=True)


def _goes_alone(incident: Incident, plan: Plan, found: Shifted, against: Iterable[Objection], view: View) -> bool:
    """Nothing that needs a person speaks against it, and it is trusted wherever it reaches."""
    if incident.asked or incident.action.together:
        return False
    places = reached(replace(plan, files=found.files), view.state)
    rules, policy = view.config.traffic, view.config.policy
    trusted = all(rules.trust_at(each, policy, view.now).rung >= Trust.MERGE.rung for each in places)
    return trusted and all(each.weight is Weight.NOTE for each in (*against, *found.objections))


def _merge(change: Change, incident: Incident, view: View, ports: Ports) -> MergeAnswer:
    head = ports.forge.commit(change)
    trust = view.config.traffic.trust_at(incident.service.environment, view.config.policy, view.now)
    if trust is Trust.PUSH:
        ports.repository.fetch()  # a forge may have made the commit on its own side
        answer = ports.repository.advance(change.target, change.base, head)
        if isinstance(answer, Merged):
            _tidy(change.branch, head, ports)
        return answer
    pull = ports.forge.open(change)
    answer = ports.forge.merge(pull, head)
    if isinstance(answer, Blocked):
        ports.forge.close(pull, f"it goes with the rollback: {answer.by}")
    return answer


def _done(incident: Incident, view: View, ports: Ports) -> Sha | None:
    """The commit by which an earlier run has done it."""
    if found := drained_by(view.state.log, incident.id, len(incident.actions)):
        _tidy(_branch(incident), found, ports)
        return found
    pull = ports.forge.find(_branch(incident))
    return (pull.merge or pull.head) if pull is not None and pull.state == "merged" else None


def _tidy(branch: str, head: Sha, ports: Ports) -> None:
    """Take the branch of what was pushed away; where it has moved on, is gone, or nobody may delete, that is no harm."""
    with suppress(Refused):
        ports.repository.delete(branch, head)


def _drained(incident: Incident, commit: Sha, view: View) -> Step:
    names = ", ".join(incident.action.backends)
    note = Note(Stage.CHANGE, f"the traffic of {names} is taken away: {commit[:12]}", ("its version follows",), {"commit": commit})
    step = stay(incident, view.now, note, drained=commit)
    title = f"{incident.service}: {names} gets no traffic any more"
    text = f"{incident.action.version} is suspected ({_why(incident)}); its rollback follows. `/rollback undo` takes both back"
    return told(step, f"drained:{len(incident.actions)}", title, text, urgent=False)


def _why(incident: Incident) -> str:
    first = incident.symptoms[0] if incident.symptoms else None
    return f"{first.name}: {first.summary}" if first and first.summary else first.name if first else "asked for"


def _branch(incident: Incident) -> str:
    return f"{incident.action.branch}-drain"


def _set(incident: Incident, **changes: object) -> Incident:
    return replace(incident, actions=(*incident.actions[:-1], replace(incident.action, **changes)))  # type: ignore[arg-type]
