"""The store and the repository's history → the scorecard: incidents that it changed nothing in, held against what people did."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bot.incidents.incident import Incident, Kind
from bot.incidents.lifecycle import End
from bot.policy.judgement import Proof
from bot.ports import Ports, Store
from bot.reconciler.casing import releases_of
from bot.reconciler.view import look_around
from bot.records.entry import Entry, Stage
from bot.records.scorecard import Score, Scorecard, Verdict, Would, score
from bot.refs import ServiceRef, Sha

WOULD_HAVE = (End.OBSERVED, End.CLOSED)
"""It planned a rollback, and left it at that or was left with it."""
LEFT_TO_PEOPLE = (*WOULD_HAVE, End.ESCALATED, End.DECLINED, End.RESOLVED)


def scorecard(ports: Ports, service: str | None = None, environment: str | None = None) -> Scorecard:
    """Judge every ended incident of an alert, of all services or of one: what it merged by whether that helped, else by what people did.

    Raises Unavailable or Refused where Git cannot be read.
    """
    view = look_around(ports, fresh=False)
    found: list[Score] = []
    for incident in reversed(ports.store.incidents(ports.repository.name)):
        if service not in (None, incident.service.name) or environment not in (None, incident.service.environment):
            continue
        if incident.asked or incident.end is None:
            continue
        if any(action.merged is not None for action in incident.actions):
            found += _carried_out(incident)
        elif incident.end in LEFT_TO_PEOPLE and view.state.service(incident.service) is not None:
            found.append(score(_would(incident, ports.store), releases_of(incident.service, view.state).releases, view.now))
    return Scorecard(tuple(found))


def _carried_out(incident: Incident) -> list[Score]:
    """Each rollback of which it is known whether it helped."""
    done = [action for action in incident.actions if action.kind is Kind.ROLLBACK and action.merged is not None]
    return [
        Score(
            Would(incident.id, incident.service, action.merged or incident.opened, action.release, action.version, action.to),
            Verdict.RIGHT if action.helped else Verdict.WRONG,
            "it was taken back, and that helped" if action.helped else "it was taken back, and that did not help",
        )
        for action in done
        if action.helped is not None
    ]


def unproven(service: ServiceRef, environments: Iterable[str], ports: Ports, proof: Proof) -> str:
    """Why the service's card does not let it go by itself there; "" where it does, or nobody asks for that."""
    if not proof.asked_in(environments):
        return ""
    card = scorecard(ports, service.name, service.environment)
    if card.judged >= proof.judged and card.precision is not None and card.precision >= proof.precision:
        return ""
    right = "none was acted on" if card.precision is None else f"{card.precision:.0%} of what it took back, or would have, was right"
    return (
        f"{service} goes by itself once {proof.judged} incidents are judged and {proof.precision:.0%} right: {card.judged} are, and {right}"
    )


def _would(incident: Incident, store: Store) -> Would:
    """What the record says that it would have done: the last plan, if it came that far."""
    entries = store.entries(incident.id)
    plan = _last(entries, Stage.PLAN)
    decided = [action for action in incident.actions if action.kind is Kind.ROLLBACK]
    at = incident.ended if incident.ended is not None else incident.opened
    if plan is None or not decided or incident.end not in WOULD_HAVE:
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
