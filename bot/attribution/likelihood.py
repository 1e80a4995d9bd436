"""Standings and onset × one suspect → the terms that speak for and against it."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

import numpy as np

from bot.attribution.complaints import outside
from bot.attribution.contrast import contrast
from bot.attribution.delay import fit
from bot.attribution.evidence import Candidate, Evidence, LogLine
from bot.attribution.grid import Floats
from bot.attribution.parameters import Parameters
from bot.attribution.posterior import Term
from bot.attribution.prior import before
from bot.attribution.standing import MEASURES, RED, Standings
from bot.attribution.touched import of_change

FEW = 4
"""Fewer unrelated red services than this are no sign of the platform."""
HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class Scene:
    """What all suspects share."""

    evidence: Evidence
    parameters: Parameters
    standings: Standings
    began: tuple[Floats, Floats]
    noticed: float
    lines: tuple[LogLine, ...] = ()
    """Severe and new since onset."""


def of_service(scene: Scene, service: str) -> tuple[Term, ...]:
    """Return what speaks for the fault being in this service, whatever its cause."""
    standings, weights = scene.standings, scene.parameters.weights
    row = standings.rows[service]
    found = ((name, float(standings.measures[name][row])) for name in MEASURES)
    return tuple(
        Term(name, getattr(weights, name) * measure, standings.said(name, service)) for name, measure in found if abs(measure) > 1e-9
    )


def of_release(scene: Scene, candidate: Candidate) -> tuple[str, tuple[Term, ...]]:
    """Return in which of its services the release did most harm, and what speaks for it and against it."""
    services = sorted({candidate.service, *candidate.shared_with})
    harm = {service: of_service(scene, service) for service in services}
    service = max(services, key=lambda one: sum(term.nats for term in harm[one]))
    byhand, alert = scene.parameters.byhand, scene.evidence.alert
    terms = [*harm[service], _delay(scene, candidate), *before(candidate, byhand)]
    terms += of_change(candidate, scene.evidence.candidates, scene.lines, f"{alert.metric} {alert.text}", byhand)
    if len(services) > 1:
        terms.append(_shared(scene, services))
    for seen in scene.evidence.side_by_side:
        if seen.key == candidate.key and (term := contrast(seen, byhand)):
            terms.append(term)
    return service, tuple(terms)


def of_outside(scene: Scene, service: str) -> tuple[Term, ...]:
    """Return what speaks for an outside cause in this service."""
    told = outside(service, scene.lines, scene.standings.rows, scene.parameters.byhand)
    return (*of_service(scene, service), *_events(scene, service), *told)


def of_platform(scene: Scene) -> tuple[Term, ...]:
    """Return what speaks for a cause that unrelated services share."""
    return (_strongest(scene), _unrelated(scene, 1.0))


def of_noise(scene: Scene) -> tuple[Term, ...]:
    """Return what speaks for a false alarm: a strong anomaly adds less to it than to the service that shows it."""
    return (_strongest(scene), _unrelated(scene, -1.0))


def _delay(scene: Scene, candidate: Candidate) -> Term:
    if not isfinite(candidate.released_at):
        return Term("delay", 0.0, "when it was released is not known")
    nats = scene.parameters.delays.weight * fit(candidate.released_at, scene.began, scene.parameters.delays)
    seconds = scene.noticed - candidate.released_at
    return Term("delay", nats, f"released {abs(seconds):.0f} s {'before' if seconds >= 0 else 'after'} the symptom was noticed")


def _strongest(scene: Scene) -> Term:
    strongest = scene.standings.strongest
    return Term("strongest", scene.parameters.noise_strength * strongest, f"the strongest step of any service is {strongest:.1f}")


def _unrelated(scene: Scene, sign: float) -> Term:
    found, measured = alone(scene.standings)
    much = 2 * max(0.0, len(found) / measured - 0.5) if len(found) >= FEW else 0.0
    said = f"{len(found)} of {measured} measured services are red and none that they call explains it"
    return Term("unrelated", sign * scene.parameters.byhand.platform_spread * much, said)


def _shared(scene: Scene, services: list[str]) -> Term:
    """Red services that share a release are no sign of the platform but of that release (F11)."""
    found, _ = alone(scene.standings)
    covered = len(found & set(services)) / len(found) if found else 0.0
    nats = _unrelated(scene, 1.0).nats * covered - float(np.log(len(services)))
    return Term("shared", nats, f"it changed {len(services)} services, {covered:.0%} of the red ones that nothing else explains")


def alone(standings: Standings) -> tuple[frozenset[str], int]:
    """Return the red services that call no red one, and how many services are measured."""
    red = [bool(one >= RED) for one in standings.red]
    explained = [bool(standings.matrix[row][red].any()) for row in range(len(red))]
    names = frozenset(name for name, row in standings.rows.items() if red[row] and not explained[row])
    return names, max(1, int(standings.known.sum()))


def _events(scene: Scene, service: str) -> tuple[Term, ...]:
    recent = [event for event in scene.evidence.events if event.service == service and 0 <= scene.noticed - event.time <= HOUR]
    return (Term("event", scene.parameters.byhand.event, f"in the hour before: {recent[-1].text[:80]}"),) if recent else ()
