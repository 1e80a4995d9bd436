"""Incidents and their records → what a page shows: text only, nothing to obey."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from bot.incidents.incident import Action, Incident, Kind
from bot.incidents.lifecycle import End, State
from bot.policy.words import Hold, ending
from bot.records.beliefs import named, thresholds_said
from bot.records.entry import Entry, Stage
from bot.refs import Instant
from bot.web.rows import judgement

WELL = frozenset({End.RECOVERED, End.DONE, End.RESOLVED})
STOP = {
    State.OPENED: "put a file .rollbot/stop at the head of the branch (or `policy: {stop: true}` into .rollbot.yaml)",
    State.PROPOSED: "close its pull request, or delete its branch",
    State.MERGED: "it is merged: revert the commit as any other, and put a file .rollbot/stop at the head of the branch",
}
SAYING = {
    State.PROPOSED: "say `/rollback cancel` on its pull request, or close it",
    State.MERGED: "it is merged: say `/rollback undo` on its pull request, and every byte is restored",
}
"""The same where people can talk to us: at a forge that shows its pull requests."""


def stamp(at: Instant) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S")


def card(incident: Incident, entries: Sequence[Entry]) -> dict[str, Any]:
    """Return the incident on one screen: what happened, how sure, what was done, how to stop it."""
    mood = "open" if incident.end is None else "well" if incident.end in WELL else "ill"
    return {
        "id": incident.id,
        "service": str(incident.service),
        "repository": incident.service.repository,
        "state": str(incident.end or incident.state),
        "mood": mood,
        "happened": happened(incident),
        "sure": _sure(entries),
        "did": [_did(action) for action in incident.actions],
        "opened": stamp(incident.opened),
        "ended": stamp(incident.ended) if incident.ended is not None else "",
        "why": incident.why,
        "next": stamp(incident.due) if incident.due is not None else "when something new is heard",
        "stop": _stop(incident),
    }


def held(hold: Hold) -> str:
    """Say what is held, by whom, how long and how to end it."""
    what = f"{hold.service or 'Every service'}{f' in {hold.environment}' if hold.environment else ''}"
    why = f" ({hold.reason})" if hold.reason else ""
    return f"{what} is held by {hold.by} until {stamp(hold.until)}{why}: nothing is changed there by itself; `{ending(hold)}` ends that"


def happened(incident: Incident) -> str:
    """Say what opened the incident."""
    if incident.request is not None:
        reason = f": {incident.request.reason}" if incident.request.reason else ""
        return f"{incident.request.actor} asked for a rollback{reason}"
    told = [f"{symptom.name} ({symptom.summary})" if symptom.summary else symptom.name for symptom in incident.symptoms]
    return "; ".join(dict.fromkeys(told)) or "nothing that is known"


def line(entry: Entry) -> dict[str, Any]:
    facts = json.dumps(dict(entry.facts), indent=1, ensure_ascii=False) if entry.facts else ""
    return {"at": stamp(entry.at), "stage": entry.stage.value, "what": entry.what, "because": list(entry.because), "facts": facts}


def likelihoods(entries: Sequence[Entry]) -> dict[str, Any] | None:
    """Return what was weighed last as a table: each hypothesis, how likely before and after the evidence, and the evidence."""
    found = judgement(entries)
    if found is None:
        return None
    rows = [
        {
            "name": named(belief["hypothesis"]),
            "prior": f"{belief['prior']:.1%}",
            "probability": f"{belief['probability']:.1%}",
            "terms": [{"why": term["why"], "nats": f"{term['nats']:+.2f}"} for term in belief["terms"]],
        }
        for belief in found["beliefs"]
    ]
    costs = ", ".join(f"{move} {cost:g}" for move, cost in found["costs"].items())
    lacking = "; ".join(found["lacking"])
    return {"rows": rows, "enough": found["enough"], "lacking": lacking, "thresholds": thresholds_said(found), "costs": costs}


def links(incident: Incident) -> list[Mapping[str, str]]:
    """Return where to read on; only web addresses become links."""
    found = [{"url": symptom.url or "", "text": f"{symptom.name} at its source"} for symptom in incident.symptoms]
    found += [{"url": action.url or "", "text": f"pull request {action.pull}"} for action in incident.actions]
    return [link for link in found if link["url"].startswith(("http://", "https://"))]


def _sure(entries: Sequence[Entry]) -> str:
    said = [entry for entry in entries if entry.stage in (Stage.SUSPECTS, Stage.DECISION)]
    if not said:
        return "not decided yet"
    return said[-1].what + (f": {'; '.join(said[-1].because)}" if said[-1].because else "")


def _stop(incident: Incident) -> str:
    state = State.MERGED if incident.state is State.ARRIVED else incident.state
    talks = bool(incident.actions) and bool(incident.action.url)
    return (SAYING if talks and state in SAYING else STOP).get(state, STOP[State.OPENED])


def _did(action: Action) -> str:
    done, planned = (
        ("rolled back", "would roll back") if action.kind is Kind.ROLLBACK else ("undid the rollback of", "would undo the rollback of")
    )
    what = f"{planned if action.merged is None else done} {action.version or (action.release or '')[:12]}"
    to = f" → {action.to}" if action.to else ""
    if action.merged is not None:
        where = f"merged as {(action.commit or '')[:12]}" + _by(action)
    elif action.pull is not None:
        where = f"proposed as pull request {action.pull}"
    else:
        where = "not written yet" if action.head is None else f"on branch {action.branch}"
    helped = {True: "; it helped", False: "; it did not help", None: ""}[action.helped]
    arrived = "; arrived in the cluster" if action.arrived is not None else ""
    return f"{what}{to}: {where}{arrived}{helped}"


def _by(action: Action) -> str:
    return f" as {action.approved} approved" if action.approved else " by a person" if action.by_person else ""
