"""Admitted → written, proposed, merged: each effect is looked for before it is made."""

from __future__ import annotations

from contextlib import suppress

from bot.changes.change import Blocked, MergeAnswer, Merged, Moved, PullRequest
from bot.errors import Refused
from bot.incidents.incident import Incident, Kind
from bot.incidents.lifecycle import End, State
from bot.plans.plan import Plan
from bot.policy.settings import Trust
from bot.policy.words import ending, holding
from bot.ports import Ports
from bot.reconciler.casing import quiet
from bot.reconciler.drafting import composed, planned
from bot.reconciler.step import MINUTE, Step, end, move, stay, told
from bot.reconciler.telling import supersede
from bot.reconciler.view import View
from bot.records.entry import Note, Stage
from bot.records.trailers import ours
from bot.refs import Sha

REPLANS = 3


def change_it(incident: Incident, view: View, ports: Ports) -> Step:
    """Write the branch and open its pull request; in mode `push`, move the target branch instead."""
    if done := _done(incident, view, ports):
        return done
    action = incident.action
    if why := _held(incident, view):
        return stay(incident, view.now + MINUTE, Note(Stage.CHANGE, "nothing is changed while it is held", (why,)))
    if incident.resolved is not None and not incident.asked and action.kind is Kind.ROLLBACK and not action.head:
        return end(incident, End.RESOLVED, "the symptom went before anything was changed", view.now, urgent=False)
    plan = planned(incident, view.state, ports.repository)
    if not isinstance(plan, Plan) or plan.key(action.attempt) != action.key:
        return move(incident, State.DECIDED, view.now, Note(Stage.CHANGE, "HEAD has changed what is to be done; planned again"))
    _close_replaced(incident, ports)
    change = composed(incident, plan, view, ports)
    head = ports.forge.commit(change)
    if action.mode == Trust.PUSH:
        ports.repository.fetch()  # a forge may have made the commit on its own side
        answer = ports.repository.advance(change.target, change.base, head)
        if isinstance(answer, Merged):
            _tidy(incident, head, ports)
        return _answered(incident, answer, view, head)
    pull = ports.forge.open(change)
    note = Note(Stage.CHANGE, f"pull request {pull.number} is open", (f"branch {change.branch}", f"commit {head[:12]}"))
    step = move(incident, State.PROPOSED, view.now, note, head=head, base=change.base, pull=pull.number, url=pull.url)
    if action.mode != Trust.PROPOSE or incident.asked:
        return step
    text = "\n".join([change.title, *filter(None, (pull.url,)), *action.evidence])
    return told(step, f"propose:{len(incident.actions)}", f"{incident.service}: pull request {pull.number} waits for a person", text)


def _tidy(incident: Incident, head: Sha, ports: Ports) -> None:
    """Take the branch of what was pushed away; where it has moved on, or nobody may delete, it stays: that is no harm."""
    with suppress(Refused):
        ports.repository.delete(incident.action.branch, head)


def _close_replaced(incident: Incident, ports: Ports) -> None:
    for branch in incident.action.replaced:
        pull = ports.forge.find(branch)
        if pull is not None and pull.state == "open" and branch != incident.action.branch:
            supersede(incident, pull, ports)
            ports.forge.close(pull, f"replaced by {incident.action.branch}")


def merge_it(incident: Incident, view: View, ports: Ports) -> Step:
    """Merge the pull request, or wait until a person has merged or closed it."""
    if done := _done(incident, view, ports):
        return done
    action, pull = incident.action, ports.forge.find(incident.action.branch)
    if pull is None:
        return end(incident, End.ESCALATED, f"the pull request of {action.branch} is gone", view.now)
    if action.mode == Trust.PROPOSE:
        return _await_person(incident, pull, view, ports)
    if why := _held(incident, view):
        ports.forge.disarm(pull)
        return stay(incident, view.now + MINUTE, Note(Stage.CHANGE, "nothing is merged while it is held", (why,)))
    if incident.resolved is not None and not incident.asked and not action.approved and action.kind is Kind.ROLLBACK:
        ports.forge.disarm(pull)
        note = Note(Stage.CHANGE, "the symptom went before the merge; whether to merge is a person's to say now")
        return stay(incident, view.now + MINUTE, note, mode=Trust.PROPOSE.value)
    return _answered(incident, ports.forge.merge(pull, action.head or pull.head), view, action.head or pull.head)


def _held(incident: Incident, view: View) -> str | None:
    """Who holds what we would do by ourselves; what a person asked for or approved is not ours."""
    action = incident.action
    hold = holding(view.holds, incident.service, view.now)
    if hold is None or incident.asked or action.approved or action.asked_by:
        return None
    return f"{hold.by} said hold; `{ending(hold)}` ends that, `/rollback approve` merges it all the same"


def _done(incident: Incident, view: View, ports: Ports) -> Step | None:
    """What an earlier run, or a person, has done about it already."""
    action = incident.action
    if action.mode == Trust.PUSH:
        undoes = action.branch.removesuffix("-undo") if action.kind is Kind.UNDO else None
        found = ours(view.state.log, incident.id, action.release, undoes)
        if found:
            _tidy(incident, found, ports)
        return _merged(incident, Merged(found), view, False) if found else None
    pull = ports.forge.find(action.branch)
    if pull is None or pull.state == "open":
        return None
    if pull.state == "merged":
        return _merged(incident, Merged(pull.merge or pull.head), view, action.mode == Trust.PROPOSE)
    return _closed(incident, pull, view)


def _await_person(incident: Incident, pull: PullRequest, view: View, ports: Ports) -> Step:
    """Wait for the merge or the close. A symptom that went by itself, and stayed away, takes its proposal with it."""
    gone, soak = incident.resolved, view.config.outcomes.soak
    ours = not incident.asked and incident.action.kind is Kind.ROLLBACK
    if not ours or gone is None or view.now < gone + soak or not quiet(incident, ports.metrics):
        return stay(incident, view.now + MINUTE, Note(Stage.CHANGE, "waiting for a person to merge or close the pull request"))
    why = "the symptom went by itself and stayed away"
    ports.forge.close(pull, why)
    return end(incident, End.RESOLVED, why, view.now, Note(Stage.CHANGE, f"pull request {pull.number} closed", (why,)), urgent=False)


def _closed(incident: Incident, pull: PullRequest, view: View) -> Step:
    what = "the undo" if incident.action.kind is Kind.UNDO else "the rollback"
    note = Note(Stage.CHANGE, f"pull request {pull.number} was closed")
    return end(incident, End.CLOSED, f"a person did not want {what}", view.now, note, urgent=False)


def _answered(incident: Incident, answer: MergeAnswer, view: View, head: Sha) -> Step:
    match answer:
        case Merged():
            return _merged(incident, answer, view, False)
        case Moved(head=moved) if incident.action.moved < REPLANS:
            return _again_on(incident, moved, view, head)
        case Moved():
            return end(incident, End.ESCALATED, f"the branch moved on {REPLANS + 1} times while we tried to merge", view.now)
        case Blocked(by=by, waiting=True):
            step = stay(incident, view.now + MINUTE, Note(Stage.CHANGE, "the forge does not merge it yet", (by,)))
            return told(step, f"blocked:{len(incident.actions)}", f"{incident.service}: the rollback waits for {by}", by)
        case Blocked(by=by):
            note = Note(Stage.CHANGE, "the forge does not let us merge it; a person has to", (by,))
            step = stay(incident, view.now + MINUTE, note, mode=Trust.PROPOSE.value)
            return told(step, f"blocked:{len(incident.actions)}", f"{incident.service}: a person has to merge the rollback", by)


def _again_on(incident: Incident, moved: Sha, view: View, head: Sha) -> Step:
    """Plan again on the branch's new head. An approval was of the commit that is not merged now, so it is asked for again."""
    who, what = incident.action.approved, f"the branch moved on to {moved[:12]} meanwhile; planned again on it"
    again = {"moved": incident.action.moved + 1, "head": head}
    if not who:
        return move(incident, State.ADMITTED, view.now, Note(Stage.CHANGE, what), **again)
    note = Note(Stage.CHANGE, f"{what}: what {who} approved was {head[:12]}; the new commit waits for an approval of its own")
    step = move(incident, State.ADMITTED, view.now, note, **again, approved="", mode=Trust.PROPOSE.value)
    return told(step, f"approve:{incident.action.moved}", f"{incident.service}: the rollback has to be approved again", note.what)


def _merged(incident: Incident, merged: Merged, view: View, by_person: bool) -> Step:
    commit, approved = merged.commit, incident.action.approved
    who = "a person merged it" if by_person else f"merged, as {approved} approved" if approved else "merged"
    note = Note(Stage.CHANGE, f"{who}: {commit[:12]}", (merged.bypassed,) if merged.bypassed else (), facts={"commit": commit})
    return move(incident, State.MERGED, view.now, note, commit=commit, merged=view.now, by_person=by_person or bool(approved))
