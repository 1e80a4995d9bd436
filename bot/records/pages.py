"""An incident and its record → the few lines that wake somebody up: what happened, how sure, what was done, how to stop it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.changes.moments import clock
from bot.incidents.incident import Action, Incident, Kind
from bot.incidents.lifecycle import State
from bot.policy.settings import Trust

LINE, TITLE, REASONS = 160, 120, 2
"""Letters of a line and of a title, and how many reasons: a phone shows no more."""


def title(text: str) -> str:
    return _line(text, TITLE)


def page(incident: Incident, why: str, suspicion: Mapping[str, Any], *, talks: bool) -> str:
    """Plain text, at most eight lines. `why`: the reasons, a line each; `suspicion`: the facts of the record's latest word on suspects.

    `talks`: whether commands are heard in comments.
    """
    reasons = [f"Why: {line}" for line in dict.fromkeys(why.splitlines()) if line.strip()][:REASONS]
    lines = [_happened(incident), *reasons, *_sure(incident, suspicion), _done(incident), _on(incident, talks), _stop(incident, talks)]
    pull = next((action.url for action in reversed(incident.actions) if action.url), None)
    return "\n".join([*(_line(line, LINE) for line in lines if line), *([pull] if pull else [])])


def _happened(incident: Incident) -> str:
    if incident.request is not None:
        reason = f": {incident.request.reason}" if incident.request.reason else ""
        return f"Asked for by {incident.request.actor}{reason}"
    if not incident.symptoms:
        return ""
    first, more = incident.symptoms[0], len(incident.symptoms) - 1
    severity, others = f" ({first.severity})" if first.severity else "", f" and {more} more" if more else ""
    summary = f": {first.summary}" if first.summary else ""
    return f"Alert: {first.name}{severity} since {clock(first.started)}{others}{summary}"


def _sure(incident: Incident, suspicion: Mapping[str, Any]) -> list[str]:
    if incident.request is not None or "suspects" not in suspicion:
        return []
    suspects = suspicion["suspects"]
    if not suspects:
        return ["Suspect: no release"]
    blamed = {action.release for action in incident.actions}
    first = next((each for each in suspects if each["commit"] in blamed), suspects[0])
    more = f", and {len(suspects) - 1} more" if len(suspects) > 1 else ""
    return [f"Suspect: {first['version']} ({first['commit'][:8]}), {_how_sure(first)}{more}: {first['why']}"]


def _how_sure(suspect: Mapping[str, Any]) -> str:
    chance = suspect.get("chance")
    return f"{chance:.0%}" if isinstance(chance, float) else "clear" if suspect.get("sure") else "not certain"


def _done(incident: Incident) -> str:
    changed = [action for action in incident.actions if action.commit is not None]
    if incident.actions and incident.action.drained and incident.action.commit is None:
        waits = f"; pull request {incident.action.pull} waits" if incident.action.pull is not None else ""
        return f"Done: {', '.join(incident.action.backends)} gets no traffic any more{waits}"
    if changed:
        told = [_deed(action) for action in changed[-2:]]
        return f"Done: {', then '.join(told)}"
    if incident.actions and incident.action.pull is not None and incident.state is State.PROPOSED:
        waits = "waits for a person" if incident.action.mode == Trust.PROPOSE else "is being merged"
        first = f"down Job of {incident.action.version}, then " if incident.action.kind is Kind.DOWN else ""
        return f"Done: pull request {incident.action.pull} ({first}{incident.action.version} → {incident.action.to}) {waits}"
    return "Done: nothing was changed"


def _deed(action: Action) -> str:
    where = f" by pull request {action.pull}" if action.pull is not None else ""
    if action.kind is Kind.DOWN:
        ended = {True: ", it succeeded", False: ", it did not do it", None: ""}[action.helped]
        return f"the down Job of {action.version}{where}{ended}"
    if action.kind is Kind.UNDO and action.told:
        return f"taken out again{where}"
    if action.kind is Kind.UNDO:
        return f"back to {action.version}{where}"
    helped = ", no help" if action.helped is False else ", helped" if action.helped else ""
    return f"{action.version} → {action.to}{where}{helped}"


def _on(incident: Incident, talks: bool) -> str:
    if incident.state is not State.PROPOSED or incident.action.mode != Trust.PROPOSE:
        return ""
    return "To go on: /rollback approve, or merge it" if talks else "To go on: merge it"


def _stop(incident: Incident, talks: bool) -> str:
    changed = any(action.commit or action.drained for action in incident.actions)
    changed = changed and not incident.sequel  # what a down Job began is not taken back
    if incident.state is State.ENDED:
        return "To take it back: /rollback undo" if changed and talks else ""
    ways = ["/rollback undo" if changed else "/rollback cancel"] if talks else []
    return f"To stop: {' or '.join([*ways, 'a file .rollbot/stop on the branch'])}"


def _line(text: str, longest: int) -> str:
    """One line of what can be printed, cut where it is too long."""
    plain = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    return plain if len(plain) <= longest else f"{plain[: longest - 1]}…"
