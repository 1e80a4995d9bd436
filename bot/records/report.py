"""An incident and its entries → the texts that people read outside a forge: `explain`, notices."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from bot.incidents.incident import Action, Incident, Kind
from bot.records.entry import Entry
from bot.records.times import Times, times
from bot.refs import Instant


def headline(incident: Incident) -> str:
    state = incident.end or incident.state
    return f"{incident.service}: {state}" + (f" ({incident.why})" if incident.why else "")


def report(incident: Incident, entries: Sequence[Entry]) -> str:
    """Tell the whole record as plain text, oldest entry first."""
    lines = [f"{incident.id}  {headline(incident)}", *_caused(incident), *(_done(action) for action in incident.actions)]
    lines += [f"{name}: {_span(value)}" for name, value in _named(times(incident)) if value is not None]
    lines.append("")
    for entry in entries:
        lines.append(f"{stamp(entry.at)}  {entry.stage:<9}  {entry.what}")
        lines += [f"{'':22}{'':11}- {why}" for why in entry.because]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def stamp(at: Instant) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _caused(incident: Incident) -> list[str]:
    alerts = [f"alert: {symptom.name} since {stamp(symptom.started)}" for symptom in incident.symptoms]
    return [*alerts, f"asked by {incident.request.actor}"] if incident.request else alerts


def _done(action: Action) -> str:
    what = {
        Kind.UNDO: "down Job out of Git again" if action.told else "undo of the rollback",
        Kind.DOWN: f"down Job {action.job} of {action.version}, before it goes back",
    }.get(action.kind, f"rollback of {action.version or 'what was asked'}")
    to = f" to {action.to}" if action.to and not action.told else ""
    where = f", commit {action.commit[:12]}" if action.commit else f", branch {action.branch}" if action.branch else ""
    return f"action: {what}{to} ({action.mode or 'not planned yet'}){where}"


def _named(found: Times) -> tuple[tuple[str, float | None], ...]:
    return (
        ("time to detect", found.detect),
        ("time to decide", found.decide),
        ("time to merge", found.merge),
        ("time to arrive", found.arrive),
        ("time to recover", found.recover),
    )


def _span(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"
