"""Evidence → where each service stands: how far its own measures stepped out, and what the call graph makes of that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from bot.attribution.changepoint import steps
from bot.attribution.evidence import Evidence, Kind
from bot.attribution.graph import Calls, calls, place
from bot.attribution.grid import Floats, Grid, grids

SEARCHED = 6
"""Steps before the alert in which the onset is searched."""
RED = 1.0
"""A service whose latency or errors stepped out by this much (z of 1.7 throughout) is called red."""

_FAMILY = {
    Kind.LATENCY: "latency",
    Kind.ERRORS: "errors",
    Kind.AVAILABILITY: "errors",
    Kind.RESOURCE: "resources",
    Kind.CALLS: "calls",
}
_WORDS = {
    "latency": "its own latency stepped out by {0:.1f}",
    "errors": "its own errors stepped out by {0:.1f}",
    "resources": "its CPU, memory or other resources stepped out by {0:.1f}",
    "calls": "the calls that it makes became slow by {0:.1f}: it waits for others",
    "deeper": "something it depends on is redder by {0:.1f}",
    "callers": "its callers stepped out by up to {0:.1f}",
    "share": "it explains {0:.1f} of its callers' trouble",
}
MEASURES = tuple(_WORDS)


@dataclass(frozen=True, slots=True)
class Standings:
    """`measures[name][row]` in units of log(1 + z); own measures less the median over all services, so what all share counts nothing.

    `red`: the larger of own latency and errors, as measured. `known`: whether anything usable was measured. `step`: seconds.
    """

    rows: Mapping[str, int]
    measures: Mapping[str, Floats]
    red: Floats
    known: Floats
    began: Floats
    matrix: Calls
    step: float

    @property
    def strongest(self) -> float:
        """The strongest own measure of any service."""
        return max(float(self.measures[name].max(initial=0.0)) for name in ("latency", "errors", "resources"))

    def said(self, name: str, service: str) -> str:
        """A measure of a service in words."""
        return _WORDS[name].format(float(self.measures[name][self.rows[service]]))


def stand(evidence: Evidence) -> Standings:
    """Measure every service that the evidence names."""
    rows = {service: row for row, service in enumerate(_services(evidence))}
    laid = grids(evidence.series, rows)
    step = max((grid.step for grid in laid), default=60.0)
    own, known, began = _own(laid, len(rows), evidence.alert.fired_at - SEARCHED * step)
    matrix = calls(evidence.edges, rows)
    red = np.maximum(own["latency"], own["errors"])
    placed = place(matrix, red)
    measures = {name: values - np.median(values) if len(values) else values for name, values in own.items()}
    measures |= {"deeper": placed.deeper, "callers": placed.callers, "share": placed.share}
    return Standings(rows, measures, red, known, began, matrix, step)


def _services(evidence: Evidence) -> list[str]:
    """Return all services by name, so that the order of what is handed in changes nothing."""
    found = {one.service for one in evidence.series} | {end for edge in evidence.edges for end in (edge.caller, edge.callee)}
    for candidate in evidence.candidates:
        found |= {candidate.service, *candidate.shared_with}
    return sorted(found | ({evidence.alert.service} if evidence.alert.service else set()))


def _own(laid: tuple[Grid, ...], height: int, since: float) -> tuple[dict[str, Floats], Floats, Floats]:
    own = {name: np.zeros(height) for name in ("latency", "errors", "resources", "calls")}
    known, began, best = np.zeros(height), np.full(height, np.nan), np.zeros(height)
    for grid in laid:
        if grid.kind not in _FAMILY:
            continue
        found = steps(grid, since)
        name = _FAMILY[grid.kind]
        own[name] = np.maximum(own[name], found.score)
        if name == "calls":
            continue
        known = np.maximum(known, found.known)
        began, best = np.where(found.score > best, found.began, began), np.maximum(best, found.score)
    return own, known, began
