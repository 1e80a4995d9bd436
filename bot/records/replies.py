"""What is so × what was asked → the comment that answers; nothing of a stranger's text in it works (law 9)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bot.changes.markdown import code, fenced, folded, joined, listed, prose
from bot.changes.moments import utc
from bot.incidents.incident import Action, Incident, Kind
from bot.incidents.lifecycle import End, State
from bot.policy.settings import Trust
from bot.policy.words import Hold, ending
from bot.records.entry import Entry
from bot.records.groups import group
from bot.records.report import headline, report
from bot.refs import Instant
from bot.signals.chat import VERBS
from bot.signals.signal import Reaction
from bot.signals.spoken import Misspoken

_NEVER = (End.DECLINED, End.ESCALATED, End.OBSERVED, End.CLOSED, End.CANCELLED, End.RESOLVED)


def answer(decision: str, why: Iterable[str] = (), commands: Sequence[str] = (), ways: Sequence[str] = ()) -> str:
    """The first line is the decision; then why, what can be said next (to copy), and other ways out. `decision` and `ways` are Markdown."""
    reasons = listed([prose(each) for each in why], 10)
    return joined([f"**{decision}**", reasons, fenced(commands, "text") if commands else "", "\n".join(ways)])


def help_text() -> str:
    usages = [verb.usage for verb in VERBS.values()]
    return joined(
        [
            "**This is what can be said, in the first line of a comment:**",
            fenced(usages, "text"),
            "On a merged pull request `/rollback` alone takes back what it released; anywhere else it needs a service. "
            "`--to`, `--env`, `--mode pr|merge|push`, `--reason` and `--dry-run` say the same as words.",
        ]
    )


def misspoken(found: Misspoken, text: str) -> str:
    nearest = [f"Did you mean {code(found.nearest)}?"] if found.nearest else []
    said = " ".join(text.split())[:200]
    return joined(
        [f"**Not understood:** {prose(found.what)}.", *nearest, fenced([found.usage], "text"), folded("What was said", code(said))]
    )


def going(incident: Incident) -> str:
    """How a person's request stands, kept in one comment from the first word to the last."""
    action = incident.actions[-1] if incident.actions else None
    who = code(incident.request.actor) if incident.request else "a person"
    if incident.state is State.ENDED:
        return _ended(incident, action)
    if action is None or incident.state in (State.OPENED, State.DECIDED, State.ADMITTED):
        return answer(f"On it: what {who} asked for {code(str(incident.service))} is being planned.", ways=[_named(incident)])
    if incident.state is State.PROPOSED:
        return _proposed(incident, action)
    how = f", as {code(action.approved)} approved" if action.approved else ", by a person" if action.by_person else ""
    waits = "whether it helps" if incident.state is State.ARRIVED else "until the cluster has applied it"
    return answer(f"Merged {_link(action)}{how}: {_goes(incident, action)}.", [f"waiting {waits}"], _back(action), [_named(incident)])


def joined_in(incident: Incident) -> str:
    """Tell who asks for what somebody asked for already. It is not kept up to date: it says nothing that changes."""
    action = incident.actions[-1] if incident.actions else None
    who = code(incident.request.actor) if incident.request else "somebody"
    where = f" It is done in {_link(action)}, and told there how it goes." if action is not None and action.pull else ""
    first = f"{who} asked for the same before: it is one rollback of {code(str(incident.service))}."
    return answer(first + where, commands=[_ask(incident, "status")], ways=[_named(incident)])


def reaction(incident: Incident) -> Reaction:
    if incident.state is State.ENDED and incident.end in _NEVER and not any(action.commit for action in incident.actions):
        return Reaction.REFUSED
    return Reaction.SEEN if incident.state in (State.OPENED, State.DECIDED, State.ADMITTED) else Reaction.DONE


def standing(incidents: Sequence[Incident], holds: Sequence[Hold], stopped: str | None, now: Instant) -> str:
    """Tell what is going on: open incidents, holds, the kill switch."""
    opened = [incident for incident in incidents if incident.ended is None]
    shown = opened or list(incidents[:1])
    first = f"{len(opened)} open incident{'s' if len(opened) != 1 else ''}" if opened else "Nothing is open"
    lines = [f"{prose(headline(incident))}{_where(incident)}" for incident in shown]
    held = [
        f"{_held(hold)} until {utc(hold.until)} by {code(hold.by)}{_because(hold.reason)}; {code(ending(hold))} ends that"
        for hold in holds
        if now < hold.until
    ]
    return joined(
        [
            f"**{first}.**",
            listed(lines),
            f"Stop is pressed: {prose(stopped)}." if stopped else "",
            f"Held:\n\n{listed(held)}" if held else "",
            fenced([_ask(shown[0], "why")], "text") if shown else "",
        ]
    )


def reasons(incident: Incident, entries: Sequence[Entry]) -> str:
    """Tell the whole record."""
    lines = report(incident, entries).splitlines()
    return joined(
        [f"**{prose(headline(incident))}**", f"{len(entries)} entries, oldest first.", folded("The record", fenced(lines[:400], "text"))]
    )


def ask_for(incident: Incident, verb: str) -> str:
    """The command that names this incident's service."""
    return _ask(incident, verb)


def _proposed(incident: Incident, action: Action) -> str:
    if action.mode != Trust.PROPOSE:
        return answer(f"{_link(action)} is open and merged as soon as the forge lets it.", [], ["/rollback cancel"], [_named(incident)])
    return answer(
        f"{_link(action)} is open: {_goes(incident, action)} once it is merged.",
        commands=["/rollback approve"],
        ways=[f"Say that there or here; {code('/rollback cancel')} closes it.", _named(incident)],
    )


def _ended(incident: Incident, action: Action | None) -> str:
    why = [incident.why] if incident.why else []
    if action is not None and action.commit:
        back = [] if incident.end is End.SUPERSEDED else _back(action)  # another rollback of the service has begun
        return answer(f"Done: {_goes(incident, action)}, in {_link(action)}. {_how(incident)}", why, back, [_named(incident)])
    return answer(f"Not done. {_how(incident)}", why, [_ask(incident, "why")], [_named(incident)])


def _back(action: Action) -> list[str]:
    """A rollback is taken back at most once."""
    return ["/rollback undo"] if action.kind is Kind.ROLLBACK else []


def _how(incident: Incident) -> str:
    return f"It ended {code(str(incident.end))}."


def _goes(incident: Incident, action: Action) -> str:
    if action.members and action.kind is Kind.ROLLBACK:
        return group(action)
    what = f"{code(incident.service.name)} in {code(incident.service.environment)}"
    if action.kind is Kind.UNDO:
        return f"{what} goes from {code(action.to)} forward to {code(action.version)} again"
    return f"{what} goes from {code(action.version)} back to {code(action.to)}"


def _link(action: Action) -> str:
    if action.pull is None:
        return f"commit {code(action.commit[:12])}" if action.commit else "the pull request"
    plain = action.url and action.url.startswith(("https://", "http://")) and not any(c in action.url for c in "()<>[]`\\\"' \n\t")
    return f"[#{action.pull}]({action.url})" if plain else f"#{action.pull}"


def _where(incident: Incident) -> str:
    action = incident.actions[-1] if incident.actions else None
    return f", {_link(action)}" if action and (action.pull or action.commit) else ""


def _named(incident: Incident) -> str:
    return f"Its record is {code(incident.id)}."


def _ask(incident: Incident, verb: str) -> str:
    return f"/rollback {verb} {incident.service.name} in {incident.service.cluster or incident.service.environment}"


def _held(hold: Hold) -> str:
    place = code(hold.service) if hold.service else "every service"
    return f"{place} in {code(hold.environment)}" if hold.environment else place


def _because(reason: str) -> str:
    return f": {prose(reason)}" if reason else ""
