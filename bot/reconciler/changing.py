"""Admitted → written, proposed, merged: each effect is looked for before it is made."""

from __future__ import annotations

from contextlib import suppress

from bot.changes.change import Blocked, MergeAnswer, Merged, Moved, PullRequest
from bot.changes.compose import turn
from bot.changes.moments import clock
from bot.errors import Refused
from bot.incidents.incident import Incident, Kind
from bot.incidents.lifecycle import End, State
from bot.plans.plan import Plan
from bot.policy.rules.caps import spent
from bot.policy.settings import Trust
from bot.policy.windows import closed
from bot.policy.words import ending, holding
from bot.ports import Ports
from bot.reconciler.casing import quiet
from bot.reconciler.counting import made_alone
from bot.reconciler.drafting import branch, composed, planned
from bot.reconciler.step import MINUTE, Step, end, move, stay, told
from bot.reconciler.telling import supersede
from bot.reconciler.view import View
from bot.records.entry import Note, Stage
from bot.records.trailers import ours
from bot.refs import Instant, Sha

REPLANS = 3


def change_it(incident: Incident, view: View, ports: Ports) -> Step:
    """Write the branch and open its pull request; in mode `push`, move the target branch instead."""
    if done := _done(incident, view, ports):
        return done
    action = incident.action
    if why := _held(incident, view):
        again = _anew(incident, view)
        return stay(incident, view.now + MINUTE, Note(Stage.CHANGE, "nothing is changed while it is held", (why,)), **again)
    if incident.resolved is not None and not incident.asked and action.kind is Kind.ROLLBACK and not action.head and not action.later:
        return end(incident, End.RESOLVED, "the symptom went before anything was changed", view.now, urgent=False)
    plan = planned(incident, view.state, ports.repository)
    if not isinstance(plan, Plan) or plan.key(action.attempt) != action.key or branch(action, plan, action.attempt) != action.branch:
        return move(incident, State.DECIDED, view.now, Note(Stage.CHANGE, "HEAD has changed what is to be done; planned again"))
    if action.mode == Trust.PUSH and (step := _capped(incident, view, ports) or _counting(incident, view)):
        return step
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
    for name in incident.action.replaced:
        pull = ports.forge.find(name)
        if pull is not None and pull.state == "open" and name != incident.action.branch:
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
        again = _anew(incident, view)
        return stay(incident, view.now + MINUTE, Note(Stage.CHANGE, "nothing is merged while it is held", (why,)), **again)
    own = not incident.asked and not action.approved and action.kind is Kind.ROLLBACK and not action.later
    if own and incident.resolved is not None:
        ports.forge.disarm(pull)
        note = Note(Stage.CHANGE, "the symptom went before the merge; whether to merge is a person's to say now")
        return stay(incident, view.now + MINUTE, note, mode=Trust.PROPOSE.value)
    if step := _capped(incident, view, ports) or _counting(incident, view):
        return step
    return _answered(incident, ports.forge.merge(pull, action.head or pull.head), view, action.head or pull.head)


def _capped(incident: Incident, view: View, ports: Ports) -> Step | None:
    """Others may have been merged since this was admitted: what is over the cap now becomes a proposal."""
    action = incident.action
    if incident.asked or action.approved or action.kind is Kind.UNDO:
        return None
    why = spent(view.config.policy.caps, made_alone(incident, view, ports.store), incident.service, (), view.now)
    if why is None:
        return None
    what = "too many went by themselves; whether to merge is a person's to say now"
    step = stay(incident, view.now + MINUTE, Note(Stage.CHANGE, what, (why,)), mode=Trust.PROPOSE.value)
    return told(step, f"capped:{len(incident.actions)}", f"{incident.service}: a person has to merge the rollback", why)


def _counting(incident: Incident, view: View) -> Step | None:
    """Wait, announced, until the countdown ends; None where there is none, it has ended, or a person approved."""
    action = incident.action
    if action.merges is None or action.approved or view.now >= action.merges:
        return None
    what = f"it merges by itself at {clock(action.merges)}"
    step = stay(incident, min(view.now + MINUTE, action.merges), Note(Stage.CHANGE, what, ("`/rollback cancel` or `hold` stops it",)))
    text = "\n".join(
        [f"{action.version} → {action.to}", *filter(None, (action.url,)), "`/rollback cancel` or `/rollback hold 1h` stops it"]
    )
    return told(step, f"countdown:{len(incident.actions)}", f"{incident.service}: {what}", text)


def _anew(incident: Incident, view: View) -> dict[str, Instant]:
    """What is held counts down anew when that ends."""
    merges, countdown = incident.action.merges, view.config.policy.countdown.lasts
    return {} if merges is None else {"merges": view.now + countdown}


def _held(incident: Incident, view: View) -> str | None:
    """Who or what holds what we would do by ourselves; what a person asked for or approved is not ours."""
    action, policy = incident.action, view.config.policy
    if incident.asked or action.approved or action.asked_by:
        return None
    if hold := holding(view.holds, incident.service, view.now):
        return f"{hold.by} said hold; `{ending(hold)}` ends that, `/rollback approve` merges it all the same"
    undoing = action.kind is Kind.UNDO
    freezes = [each.window for each in policy.freezes if action.mode != Trust.PROPOSE and (undoing or not each.rollbacks)]
    found = closed([*policy.maintenance, *freezes], incident.service, (), view.now)
    return f"a window is open ({found[0]}); `/rollback approve` merges it all the same" if found else None


def _done(incident: Incident, view: View, ports: Ports) -> Step | None:
    """What an earlier run, or a person, has done about it already."""
    action = incident.action
    if action.mode == Trust.PUSH:
        undoes = action.branch.removesuffix("-undo") if action.kind is Kind.UNDO else None
        found = ours(view.state.log, incident.id, action.release, undoes, turn(action.turn))
        if found:
            _tidy(incident, found, ports)
        return _merged(incident, Merged(found), view, False) if found else None
    pull = ports.forge.find(action.branch)
    if pull is None or pull.state == "open":
        return None
    if pull.state == "merged":
        return _merged(incident, _read_back(incident, pull, ports), view, action.mode == Trust.PROPOSE)
    return _closed(incident, pull, view)


def _read_back(incident: Incident, pull: PullRequest, ports: Ports) -> Merged:
    """A merge of which nobody told us. Where it is ours, whose answer was lost, the forge is asked what it would have said with it."""
    if incident.action.mode != Trust.PROPOSE:
        answer = ports.forge.merge(pull, incident.action.head or pull.head)
        if isinstance(answer, Merged):
            return answer
    return Merged(pull.merge or pull.head)


def _await_person(incident: Incident, pull: PullRequest, view: View, ports: Ports) -> Step:
    """Wait for the merge or the close. A symptom that went by itself, and stayed away, takes its proposal with it.

    That it went may never be said (the word was lost, or came before the alert's own): where the metrics say it, that counts.
    """
    ours = not incident.asked and incident.action.kind is Kind.ROLLBACK and not incident.action.later
    calm = view.now if ours and quiet(incident, ports.metrics) else None
    gone = calm if calm is None else incident.resolved or incident.action.quiet or calm
    if gone is None or view.now < gone + view.config.outcomes.soak:
        note = Note(Stage.CHANGE, "waiting for a person to merge or close the pull request")
        return stay(incident, view.now + MINUTE, note, quiet=gone)
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
    past = f"; {merged.bypassed}" if merged.bypassed else ""  # among what was done, so that the comment goes on saying it
    note = Note(Stage.CHANGE, f"{who}: {commit[:12]}{past}", facts={"commit": commit})
    return move(incident, State.MERGED, view.now, note, commit=commit, merged=view.now, by_person=by_person or bool(approved), quiet=None)
