"""Merged → did it arrive; arrived → did it help (law 8, F1)."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import takewhile
from typing import Any

from bot.errors import Refused, Unavailable
from bot.incidents.incident import Incident, Kind, Symptom
from bot.incidents.lifecycle import End, State
from bot.outcomes.recovery import Evidence, Lines, NoHelp, Recovered, Unproven, Waiting, judge
from bot.outcomes.sync import Arrived, NotYet, arrival
from bot.ports import Metrics, Ports
from bot.reconciler.arriving import applied, hasten
from bot.reconciler.casing import releases_of
from bot.reconciler.grouping import go_on, undo_of, undo_on
from bot.reconciler.step import Step, end, move, stay, told
from bot.reconciler.view import View
from bot.records.comments import BEGINS
from bot.records.entry import Note, Stage
from bot.refs import Instant
from bot.releases.release import Release

LOOK_EVERY = 30.0
HOUR = 3600.0


def see_it_arrive(incident: Incident, view: View, ports: Ports) -> Step:
    action = incident.action
    merged = action.merged if action.merged is not None else view.now
    found = applied(incident, view, ports)
    match arrival(view.now, merged, found, view.config.outcomes):
        case Arrived(at=at, how=how):
            return move(incident, State.ARRIVED, view.now, Note(Stage.ARRIVAL, "arrived", (how,)), arrived=at)
        case NotYet(lost=True, why=why):
            return end(incident, End.ESCALATED, f"merged, but it never arrived: {why}", view.now)
        case NotYet(until=until, why=why, late=late):
            what = "has not arrived in time" if late else "not arrived yet"
            asked = hasten(incident, view, ports) if found is not None and found.ours is False else ()
            step = stay(incident, min(until, view.now + LOOK_EVERY), Note(Stage.ARRIVAL, what, (why, *asked)))
            title = f"{incident.service}: merged, but it {what}"
            return told(step, f"late:{len(incident.actions)}", title, why) if late else step


def see_it_help(incident: Incident, view: View, ports: Ports) -> Step:
    if incident.action.kind is Kind.UNDO and (step := undo_on(incident, view)):
        return step
    if incident.action.kind is Kind.UNDO and incident.action.asked_by:
        why = f"the rollback was taken back, as {incident.action.asked_by} asked"
        return end(incident, End.DONE, why, view.now, urgent=False)
    if incident.action.kind is Kind.UNDO:
        return move(incident, State.OPENED, view.now, Note(Stage.OUTCOME, "the rollback that did not help is undone"))
    if step := go_on(incident, view, ports):
        return step
    if not incident.symptoms:
        return end(incident, End.DONE, "done as asked", view.now, urgent=False)
    evidence = replace(_evidence(incident, view, ports.metrics), lines=_lines(incident, view, ports))
    changes: dict[str, Any] = {"quiet": evidence.quiet, "relapsed": evidence.relapsed}
    match judge(evidence, view.config.outcomes):
        case Waiting(until=until, why=why):
            return stay(incident, min(until, view.now + LOOK_EVERY), Note(Stage.OUTCOME, "too early to say", (why,)), **changes)
        case Recovered(evidence=because):
            note = Note(Stage.OUTCOME, "recovered", because, _measured(evidence))
            return end(
                incident,
                End.RECOVERED,
                f"{incident.action.version} was rolled back and that helped",
                view.now,
                note,
                urgent=False,
                helped=True,
                **changes,
            )
        case NoHelp(evidence=because):
            return _no_help(incident, view, Note(Stage.OUTCOME, "no help", because, _measured(evidence)))
        case Unproven(quiet=quiet, why=why):
            how = End.UNPROVEN if quiet else End.ESCALATED
            return end(incident, how, why, view.now, Note(Stage.OUTCOME, "nobody can tell", (why,), _measured(evidence)), **changes)


def _no_help(incident: Incident, view: View, note: Note) -> Step:
    """Undo it: it was the wrong release, and what it fixed or brought is missing now. What a person asked for stays."""
    if incident.asked:
        return end(incident, End.ESCALATED, "what was asked for did not help", view.now, note, helped=False)
    rolled = incident.action
    if later := _released_since(incident, view):
        what = "brought it back" if later.identity == rolled.identity else f"released {later.version}"
        rolled_back = f"{rolled.version} was rolled back: whether that helped cannot be told any more"
        why = f"{later.author} {what} ({later.commit[:8]}) after {rolled_back}"
        return end(incident, End.ESCALATED, why, view.now, note)
    actions = (
        *incident.actions[:-1],
        replace(rolled, helped=False),
        undo_of(rolled),
    )
    decision = Note(Stage.DECISION, f"undo the rollback of {rolled.version}", note.because, {BEGINS: len(actions)})
    step = move(incident, State.DECIDED, view.now, note, decision)
    step = replace(step, incident=replace(step.incident, actions=actions))
    return told(
        step,
        f"no-help:{len(incident.actions)}",
        f"{incident.service}: the rollback of {rolled.version} did not help",
        "\n".join(note.because),
    )


def _released_since(incident: Incident, view: View) -> Release | None:
    """What was released on top of our commit: then it is not the rollback that is judged."""
    releases = releases_of(incident.service, view.state).releases
    newer = list(takewhile(lambda release: release.commit != incident.action.commit, releases))
    return newer[-1] if 0 < len(newer) < len(releases) else None


def _evidence(incident: Incident, view: View, metrics: Metrics) -> Evidence:
    """Ask the metrics about every symptom; one that does not answer leaves the answer open."""
    arrived = incident.action.arrived if incident.action.arrived is not None else view.now
    seen = [_seen(symptom, arrived, view.now, metrics) for symptom in incident.symptoms]
    firing = [each[0] for each in seen]
    active = True if True in firing else None if None in firing else False
    quiet_now = active is False or (active is None and incident.resolved is not None)
    since = incident.resolved if incident.resolved is not None else view.now
    before = incident.action.quiet
    quiet = (since if before is None else before) if quiet_now else None
    relapsed = None if quiet_now else incident.action.relapsed if before is None else view.now
    window = max((each[1] for each in seen if each[1] is not None), default=None)
    samples = tuple(sample for each in seen for sample in each[2])
    return Evidence(view.now, arrived, window, quiet, active, samples, relapsed)


def _lines(incident: Incident, view: View, ports: Ports) -> Lines | None:
    """Ask the logs, where the configuration says what for; logs that do not answer, or do not understand, leave it open and say so."""
    query, onset, arrived = view.config.outcomes.error_logs, incident.onset, incident.action.arrived
    if not query or ports.logs is None or onset is None or arrived is None:
        return None
    try:
        before, after = (ports.logs.errors(query, incident.service, *span) for span in ((onset - HOUR, onset), (arrived, view.now)))
    except (Unavailable, Refused) as error:
        return Lines((), (), str(error))
    return Lines(tuple((each.at, each.value) for each in before), tuple((each.at, each.value) for each in after))


def _seen(
    symptom: Symptom, start: Instant, end: Instant, metrics: Metrics
) -> tuple[bool | None, float | None, tuple[tuple[Instant, float], ...]]:
    try:
        samples = metrics.samples(symptom.name, symptom.labels, start, end)
        found = tuple((sample.at, sample.value) for sample in samples)
        return metrics.firing(symptom.name, symptom.labels), metrics.range_window(symptom.name), found
    except Unavailable:
        return None, None, ()


def _measured(seen: Evidence) -> dict[str, Any]:
    finite = [value for _, value in seen.samples if math.isfinite(value)]
    return {
        "arrived": seen.arrived,
        "quiet": seen.quiet,
        "firing": seen.firing,
        "window": seen.window,
        "samples": len(finite),
        "first": finite[0] if finite else None,
        "last": finite[-1] if finite else None,
    }
