"""An incident and its record → what stands at the forge: a comment that follows its pull request, one for the culprit, a status."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from bot.changes.change import Mark
from bot.changes.markdown import code, fenced, folded, joined, listed, prose
from bot.changes.moments import clock, utc
from bot.incidents.incident import Action, Incident, Kind
from bot.incidents.lifecycle import End, State
from bot.policy.settings import Trust
from bot.records.entry import Stage
from bot.records.groups import group
from bot.refs import Instant, ServiceRef

BEGINS = "action"
"""The fact of a decision's entry that says which action (from 1) begins with it."""
_STATUS = 140
_TOLD = (Stage.DECISION, Stage.PLAN, Stage.CHANGE, Stage.ARRIVAL, Stage.OUTCOME, Stage.END)
_NOT_BEFORE = ("`/rollback cancel` or closing this pull request stops it; so does a file `.rollbot/stop` on the branch.",)
_NOT_AFTER = ("`/rollback undo` restores every byte; `/rollback hold 2h` keeps Rollbot from going on.",)


@dataclass(frozen=True, slots=True)
class Said:
    """One entry of the record, or what is about to become one."""

    at: Instant
    stage: Stage
    what: str
    because: tuple[str, ...]
    begins: int = 0


@dataclass(frozen=True, slots=True)
class _Standing:
    """What is so, what is awaited, and the ways to stop it, all Markdown; `command` is what is likeliest to be said next."""

    now: str
    awaited: str
    ways: tuple[str, ...] = ()
    command: str = ""


def status(incident: Incident, number: int, said: Sequence[Said]) -> str:
    """Tell how action `number` (from 1) stands: the first line is the state, the history is folded."""
    action, mine = incident.actions[number - 1], _of(number, said)
    standing = _superseded(incident, number) if number < len(incident.actions) else _STANDING[incident.state](incident, action)
    since = _since(incident, number, mine)
    seen = [each for each in mine if each.stage is not Stage.END]
    reasons = listed([prose(why) for why in seen[-1].because], 5) if seen else ""
    return joined(
        [
            f"**{standing.now}** {f'Since {clock(since)}. ' if since is not None else ''}{standing.awaited}".rstrip(),
            f"Last seen: {prose(seen[-1].what)}" + (f"\n\n{reasons}" if reasons else "") if seen else "",
            fenced([standing.command], "text") if standing.command else "",
            "\n".join(standing.ways),
            folded("How it came to this", listed([f"{clock(each.at)}: {prose(each.what)}" for each in seen[-40:]], 40)) if seen else "",
        ]
    )


def notice(incident: Incident, title: str, text: str) -> str:
    """Tell what a person should know now."""
    lines = [prose(line) for line in text.splitlines() if line.strip() and line not in title]
    return joined([f"**{prose(title)}**", listed(lines), *_way_on(incident)])


def told_of(incident: Incident) -> bool:
    """Whether its end is news for those who follow the pull request: what a person closed or cancelled, they know."""
    return incident.end not in (End.CLOSED, End.CANCELLED, End.RESOLVED)


def culprit(incident: Incident, number: int, said: Sequence[Said]) -> str:
    """Tell the developer whose release was rolled back: what, why theirs, and how to land it again."""
    action, service = incident.actions[number - 1], incident.service
    where = f"{code(service.name)} in {code(service.environment)}"
    ours = _link(action)
    if _taken_back(incident, number):
        return joined(
            [
                f"**The rollback of {code(action.version)} ({where}) was taken back: it runs again.**",
                "The rollback did not help, so this release was not it." if action.helped is False else "A person took it back.",
                f"Its quarantine is lifted; there is nothing to do here. The rollback was {ours}." if ours else "Its quarantine is lifted.",
            ]
        )
    decision = next((each for each in said if each.begins == number), None)
    evidence = [
        f"{code(each.name)} since {utc(each.started)}{f': {prose(each.summary)}' if each.summary else ''}" for each in incident.symptoms
    ]
    if incident.request:
        evidence.append(
            f"{code(incident.request.actor)} asked for it{f': {prose(incident.request.reason)}' if incident.request.reason else ''}"
        )
    else:
        evidence += [prose(why) for why in (decision.because if decision else ())[:5]]
    return joined(
        [
            f"**{where} was rolled back from {code(action.version)}, which this pull request released, to {code(action.to)}.** "
            + _helped(incident, number),
            f"Done in {ours}." if ours else "",
            f"### Why this one\n\n{listed(evidence)}" if evidence else "",
            f"### How to land it again\n\n{listed(_again(action))}",
        ]
    )


def mark(incident: Incident, number: int) -> Mark:
    """The commit status of the release that action `number` took back; one for each service, so that none hides another."""
    action, service = incident.actions[number - 1], incident.service
    if _taken_back(incident, number):
        why = ": it did not help" if action.helped is False else ""
        return Mark(
            f"rollbot/{service}", "success", f"the rollback of {action.version} was taken back{why}"[:_STATUS], _url(incident, number)
        )
    helped = ", and that helped" if _recovered(incident, number) else ""
    return _marked(service, "failure", f"rolled back in {service.environment} to {action.to}{helped}", action.url)


def _marked(service: ServiceRef, state: str, text: str, url: str | None) -> Mark:
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return Mark(f"rollbot/{service}", state, line if len(line) <= _STATUS else f"{line[: _STATUS - 1]}…", url)


def replaced(branch: str) -> str:
    """Tell that a pull request has made way for another one of the same action."""
    return f"**Replaced by {code(branch)}.** What is to be done has changed since: by what was pushed, or by what a person asked for.\n"


def _again(action: Action) -> list[str]:
    until = f" until {utc(action.expires)}" if action.expires is not None else ""
    return [
        "Fix it and release a new version: that is not held back.",
        f"The same change is kept out{until} (`.rollbot/quarantine/`); a pull request that brings it back is named by `rollbot guard`.",
        f"Not to blame after all? {code(f'/rollback allow {action.version}')} lets it back; `/rollback why` tells all the evidence.",
    ]


def _helped(incident: Incident, number: int) -> str:
    if _recovered(incident, number):
        return "That helped: the symptom ended."
    if number < len(incident.actions):
        return "It did not help and is being taken back." if incident.actions[number - 1].helped is False else "It is being taken back."
    if incident.end is End.DONE:
        return "The cluster has applied it."
    if incident.state is State.ENDED:
        return f"How that ended: {incident.end}{f', {prose(incident.why)}' if incident.why else ''}."
    return "Whether that helps is being watched."


def _recovered(incident: Incident, number: int) -> bool:
    return number == len(incident.actions) and incident.end is End.RECOVERED


def _taken_back(incident: Incident, number: int) -> bool:
    after = incident.actions[number : number + 1]
    return bool(after) and after[0].kind is Kind.UNDO and after[0].commit is not None


def _url(incident: Incident, number: int) -> str | None:
    return incident.actions[number].url or incident.actions[number - 1].url


def _of(number: int, said: Sequence[Said]) -> list[Said]:
    """What was said from the decision for this action until that for the next."""
    begins = next((place for place, each in enumerate(said) if each.begins == number), 0)
    ends = next((place for place, each in enumerate(said) if each.begins == number + 1), len(said))
    return [each for each in said[begins:ends] if each.stage in _TOLD]


def _since(incident: Incident, number: int, mine: Sequence[Said]) -> Instant | None:
    """Since when it has stood like this."""
    action = incident.actions[number - 1]
    if number < len(incident.actions):
        return incident.actions[number].merged or (mine[-1].at if mine else None)
    if incident.state is State.PROPOSED:
        planned = max((place for place, each in enumerate(mine) if each.stage is Stage.PLAN), default=-1)
        return next((each.at for each in mine[planned + 1 :] if each.stage is Stage.CHANGE), None)
    known = {State.MERGED: action.merged, State.ARRIVED: action.arrived, State.ENDED: incident.ended}
    return known.get(incident.state)


def _goes(incident: Incident, action: Action) -> str:
    if action.members and action.kind is Kind.ROLLBACK:
        return group(action)
    what = f"{code(incident.service.name)} in {code(incident.service.environment)}"
    if action.kind is Kind.UNDO:
        return f"{what} goes from {code(action.to)} forward to {code(action.version)} again"
    return f"{what} goes from {code(action.version)} back to {code(action.to)}"


def _link(action: Action) -> str:
    if action.pull is None:
        return f"commit {code(action.commit[:12])}" if action.commit else ""
    return f"[#{action.pull}]({action.url})" if action.url and _plain(action.url) else f"#{action.pull}"


def _plain(url: str) -> bool:
    return url.startswith(("https://", "http://")) and not any(c in url for c in "()<>[]`\\\"' \n\t")


def _planned(incident: Incident, action: Action) -> _Standing:
    return _Standing("Planned.", f"{_goes(incident, action)} as soon as it is written.", _NOT_BEFORE, "/rollback cancel")


def _proposed(incident: Incident, action: Action) -> _Standing:
    if action.mode == Trust.PROPOSE:
        return _Standing("Waiting for a person.", f"{_goes(incident, action)} once this is merged.", _NOT_BEFORE, "/rollback approve")
    if action.merges is not None and not action.approved:
        first = f"Merges by itself at {clock(action.merges)}."
        return _Standing(first, f"{_goes(incident, action)} then, or later where the forge has to wait.", _NOT_BEFORE, "/rollback cancel")
    return _Standing("Merging.", f"{_goes(incident, action)} as soon as the forge lets it.", _NOT_BEFORE, "/rollback cancel")


def _merged(incident: Incident, action: Action) -> _Standing:
    who = f"Merged, as {code(action.approved)} approved" if action.approved else "A person merged it" if action.by_person else "Merged"
    return _Standing(f"{who}: {_goes(incident, action)}.", "Waiting until the cluster has applied it.", _NOT_AFTER, "/rollback undo")


def _arrived(incident: Incident, action: Action) -> _Standing:
    return _Standing(f"The cluster runs it: {_goes(incident, action)}.", "Waiting to see whether that helps.", _NOT_AFTER, "/rollback undo")


def _ended(incident: Incident, action: Action) -> _Standing:
    now, command = _ENDS[incident.end or End.DONE]
    return _Standing(
        now, f"Why: {prose(incident.why)}." if incident.why else "", _NOT_AFTER if action.commit else (), command if action.commit else ""
    )


def _superseded(incident: Incident, number: int) -> _Standing:
    own, after = incident.actions[number - 1], incident.actions[number:]
    following = next((each for each in after if each.kind is Kind.UNDO and each.release == own.commit), after[0])
    if following.later and following.members == own.members and own.turn and following.turn:
        arrived, comes = f"Wave {own.turn[0]} of {own.turn[1]} has arrived.", f"Wave {following.turn[0]} follows{_in(following)}"
        return _Standing(arrived, f"{comes}: {_goes(incident, following)}.")
    if following.kind is Kind.ROLLBACK:
        return _Standing("Undone.", f"The next suspect is {code(following.version)}{_in(following)}.")
    if following.commit is not None:
        return _Standing("Taken back.", f"Every byte is as it was before{_in(following)}.")
    return _Standing("Being taken back.", f"{prose(_why_back(incident, number))}{_in(following)}.")


def _why_back(incident: Incident, number: int) -> str:
    return "The rollback did not help" if incident.actions[number - 1].helped is False else "A person asked for it"


def _in(action: Action) -> str:
    link = _link(action)
    return f", in {link}" if link else ""


def _way_on(incident: Incident) -> list[str]:
    """What a person can do now."""
    if incident.state is State.PROPOSED:
        says = "approve" if incident.action.mode == Trust.PROPOSE else "cancel"  # what is merged as soon as it may be needs no approval
        return [fenced([f"/rollback {says}"], "text"), *_NOT_BEFORE]
    if incident.state in (State.MERGED, State.ARRIVED):
        return [fenced(["/rollback status"], "text"), *_NOT_AFTER]
    return [fenced(["/rollback why"], "text")] if incident.state is State.ENDED else []


_STANDING: Mapping[State, Callable[[Incident, Action], _Standing]] = {
    State.OPENED: _planned,
    State.DECIDED: _planned,
    State.ADMITTED: _planned,
    State.PROPOSED: _proposed,
    State.MERGED: _merged,
    State.ARRIVED: _arrived,
    State.ENDED: _ended,
}
_ENDS: Mapping[End, tuple[str, str]] = {
    End.RECOVERED: ("Recovered.", "/rollback undo"),
    End.UNPROVEN: ("Rolled back; whether that helped nobody can prove.", "/rollback undo"),
    End.DONE: ("Done as asked.", "/rollback undo"),
    End.RESOLVED: ("The symptom went by itself: nothing was changed.", ""),
    End.OBSERVED: ("Only observed: nothing was changed.", ""),
    End.DECLINED: ("Not done.", ""),
    End.CLOSED: ("Closed by a person: it is not proposed again by the next alert.", ""),
    End.ESCALATED: ("A person has to go on from here.", "/rollback undo"),
    End.CANCELLED: ("Cancelled by a person.", ""),
    End.SUPERSEDED: ("A person asked for another rollback before the outcome of this one was known.", ""),
}
