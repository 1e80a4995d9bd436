"""An incident, its record and the world → the brief that its pull request tells from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bot.attribution.onset import Onset
from bot.changes.brief import Accused, Brief, Merging
from bot.changes.moments import utc
from bot.changes.owners import PLACES, owners_of, parse
from bot.errors import Refused, Unavailable
from bot.incidents.incident import Incident, Kind
from bot.objections import Weight
from bot.plans.plan import Plan
from bot.policy.settings import Trust
from bot.ports import Metrics, Ports
from bot.quarantine import FOLDER
from bot.reconciler.trusting import trusted
from bot.reconciler.view import View
from bot.records.beliefs import said, thresholds_said
from bot.records.comments import BEGINS
from bot.records.entry import Entry, Stage
from bot.refs import Instant, Sha
from bot.releases.release import DesiredState

AROUND = 600.0
"""How long before the onset the metric is drawn."""


def brief_of(incident: Incident, plan: Plan, view: View, ports: Ports) -> Brief:
    action = incident.action
    facts = _suspicion(incident, ports)
    planned_at = action.planned or incident.opened
    weighed = facts.get("weighed", {})
    brief = Brief(
        reason=_reason(incident, ports),
        asked_by=incident.request.actor if incident.request else "",
        alerts=incident.symptoms,
        onset=_onset(facts),
        suspects=_accused(facts.get("suspects", ())),
        cleared=_accused(facts.get("cleared", ())),
        none=weighed["none"] if weighed.get("enough") else None,
        thresholds=thresholds_said(weighed) if weighed.get("enough") else "",
        weighed=said(weighed) if weighed.get("enough") else (),
        lacking="" if weighed.get("enough") else next(iter(weighed.get("lacking", ())), ""),
        released=_released(plan.undone, view.state),
        decided=planned_at,
        expires=action.expires or planned_at,
        merging=_merging(incident, plan, view, ports),
        against=action.evidence,
        culprit=action.culprit,
        reviewers=_reviewers(plan, view.state),
    )
    return _measured(brief, incident, view.now, ports.metrics)


def with_bytes(brief: Brief, plan: Plan, state: DesiredState) -> Brief:
    """The same brief with the files that the plan writes, as they stand now. What cannot be had is not shown as a new file."""
    before = {path: state.file(path) for path in plan.written()}
    return replace(brief, before={path: file for path, file in before.items() if file is not None or path not in state.tree})


def _suspicion(incident: Incident, ports: Ports) -> Mapping[str, Any]:
    """What the record says of suspects, latest first; nothing for an undo, which accuses nobody."""
    if incident.action.kind is Kind.UNDO:
        return {}
    entries: list[Entry] = [entry for entry in ports.store.entries(incident.id) if entry.stage is Stage.SUSPECTS]
    return entries[-1].facts if entries else {}


def _onset(facts: Mapping[str, Any]) -> Onset | None:
    told = facts.get("onset")
    return Onset(told["earliest"], told["latest"], told["why"]) if told else None


def _accused(told: Any) -> tuple[Accused, ...]:
    return tuple(
        Accused(each["version"], each["commit"], each.get("why", ""), each["time"], each.get("chance"), bool(each.get("sure")))
        for each in told
    )


def _released(commit: Sha | None, state: DesiredState) -> Instant | None:
    return next((each.time for each in state.log if each.sha == commit), None)


def _merging(incident: Incident, plan: Plan, view: View, ports: Ports) -> Merging:
    mode = incident.action.mode
    if incident.request and incident.request.mode:
        return Merging(mode != Trust.PROPOSE, f"{incident.request.actor} asked for mode {incident.request.mode}")
    environment, trust = trusted(incident, plan, view, ports)
    if mode != Trust.PROPOSE:
        when = f", at {utc(incident.action.merges)} unless somebody stops it" if incident.action.merges else ""
        return Merging(True, f"trust in {environment} is {trust} and nothing speaks against it{when}")
    if trust.rung <= Trust.PROPOSE.rung:
        return Merging(False, f"trust in {environment} goes no further than {trust}")
    persons = [line.removeprefix(f"{Weight.PERSON}: ") for line in incident.action.evidence if line.startswith(f"{Weight.PERSON}: ")]
    return Merging(False, "; ".join(persons) or f"a person has the last word though trust in {environment} is {trust}")


def _measured(brief: Brief, incident: Incident, now: Instant, metrics: Metrics) -> Brief:
    """Best effort: a picture is not worth waiting for."""
    symptom = next((each for each in incident.symptoms if each.acts), None)
    if symptom is None or brief.onset is None:
        return brief
    try:
        found = metrics.samples(symptom.name, symptom.labels, brief.onset.earliest - AROUND, now)
    except (Unavailable, Refused):
        return brief
    return replace(brief, metric=symptom.name, samples=tuple((sample.at, sample.value) for sample in found))


def _reviewers(plan: Plan, state: DesiredState) -> tuple[str, ...]:
    """The owners of what goes back; our own folder is no reason to call anybody."""
    file = next((file for path in PLACES if (file := state.file(path)) is not None), None)
    paths = sorted(path for path in plan.files if not path.startswith(f"{FOLDER}/"))
    return owners_of(paths, parse(file)) if file is not None else ()


def _reason(incident: Incident, ports: Ports) -> str:
    if incident.action.kind is Kind.UNDO and incident.action.asked_by:
        decided = [entry for entry in ports.store.entries(incident.id) if entry.facts.get(BEGINS) == len(incident.actions)]
        said = f": {decided[-1].because[0]}" if decided and decided[-1].because else ""
        return f"{incident.action.asked_by} asked to take it back{said}"
    if incident.action.kind is Kind.UNDO:
        did_not_help = len(incident.actions) < 2 or incident.actions[-2].helped is False
        return "The rollback arrived and did not help: the alert went on as before." if did_not_help else "A person asked to take it back."
    if incident.request:
        return incident.request.reason or f"asked for by {incident.request.actor}"
    first = incident.symptoms[0]
    return f"{first.name}: {first.summary}" if first.summary else first.name
