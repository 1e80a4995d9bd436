"""An incident → how long each part of it took, in seconds, counted from the onset of the symptom (or from the request)."""

from __future__ import annotations

from dataclasses import dataclass

from bot.incidents.incident import Incident, Kind
from bot.incidents.lifecycle import End
from bot.refs import Instant


@dataclass(frozen=True, slots=True)
class Times:
    """None: it did not happen, or not yet. `recover` ends when the symptom went, not when we were sure of it."""

    detect: float | None
    decide: float | None
    merge: float | None
    arrive: float | None
    recover: float | None


def times(incident: Incident) -> Times:
    began = _began(incident)
    last = next((action for action in reversed(incident.actions) if action.kind is Kind.ROLLBACK), None)
    gone = (last.quiet if last else None) or incident.resolved
    healed = incident.end in (End.RECOVERED, End.UNPROVEN, End.RESOLVED)
    return Times(
        detect=incident.opened - began if incident.symptoms else None,
        decide=_since(began, last.planned if last else None),
        merge=_since(began, last.merged if last else None),
        arrive=_since(began, last.arrived if last else None),
        recover=_since(began, gone) if healed else None,
    )


def _began(incident: Incident) -> Instant:
    if incident.onset is not None:
        return incident.onset
    return min((symptom.started for symptom in incident.symptoms), default=incident.opened)


def _since(began: Instant, at: Instant | None) -> float | None:
    return None if at is None else max(0.0, at - began)
