"""The store and the repository's history → the scorecard: incidents that it changed nothing in, held against what people did."""

from __future__ import annotations

from collections.abc import Sequence

from bot.incidents.incident import Incident, Kind
from bot.incidents.lifecycle import End
from bot.ports import Ports, Store
from bot.reconciler.casing import releases_of
from bot.reconciler.view import look_around
from bot.records.entry import Entry, Stage
from bot.records.scorecard import Score, Scorecard, Would, score
from bot.refs import Sha

LEFT_TO_PEOPLE = (End.OBSERVED, End.ESCALATED, End.DECLINED, End.RESOLVED)


def scorecard(ports: Ports, service: str | None = None, environment: str | None = None) -> Scorecard:
    """Judge every ended incident of an alert in which it merged nothing, of all services or of one.

    Raises Unavailable or Refused where Git cannot be read.
    """
    view = look_around(ports, fresh=False)
    found: list[Score] = []
    for incident in reversed(ports.store.incidents(ports.repository.name)):
        if service not in (None, incident.service.name) or environment not in (None, incident.service.environment):
            continue
        if incident.asked or incident.end not in LEFT_TO_PEOPLE or any(action.merged is not None for action in incident.actions):
            continue
        if view.state.service(incident.service) is not None:
            found.append(score(_would(incident, ports.store), releases_of(incident.service, view.state).releases, view.now))
    return Scorecard(tuple(found))


def _would(incident: Incident, store: Store) -> Would:
    """What the record says that it would have done: the last plan, if it came that far."""
    entries = store.entries(incident.id)
    plan = _last(entries, Stage.PLAN)
    decided = [action for action in incident.actions if action.kind is Kind.ROLLBACK]
    at = incident.ended if incident.ended is not None else incident.opened
    if plan is None or not decided or incident.end is not End.OBSERVED:
        return Would(incident.id, incident.service, at, None)
    release, target = plan.facts.get("undone"), plan.facts.get("target") or {}
    suspects = _last(entries, Stage.SUSPECTS)
    told = suspects.facts.get("suspects", ()) if suspects else ()
    chance = next((each.get("chance") for each in told if each["commit"] == release), None)
    return Would(
        incident.id, incident.service, at, Sha(release) if release else None, decided[-1].version, target.get("version", ""), chance
    )


def _last(entries: Sequence[Entry], stage: Stage) -> Entry | None:
    return next((entry for entry in reversed(entries) if entry.stage is stage), None)
