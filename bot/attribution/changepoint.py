"""One metric of all services → how far each has stepped out of its own past since about when the symptom began.

Robust z-scores against the service's own samples before a change point (median; the wider of IQR/1.349 and the 5-95 % range/3.29,
so that a heavy tail counts as width), as BARO scores (Pham et al., FSE 2024, RobustScorer) but with the change point searched, as
CUSUM does (Page 1954), among the last few steps: an onset that is wrong by a minute ruins scores that take it as given (decision
study of RCAEval, ASE 2024).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bot.attribution.evidence import Kind
from bot.attribution.grid import Floats, Grid, whole

PAST = 3
"""Samples that a change point needs before it."""
SHRINK = 0.3
"""One sample after it counts 1/(1 + SHRINK), two 2/(2 + SHRINK) …"""
LOCAL = 5
"""What already deviated in the last samples before it is no news."""
CAP = 6.0


@dataclass(frozen=True, slots=True)
class Steps:
    """`score[g]`: mean of log(1 + z) after service g's best change point, 0 where it did not step out. `began[g]`: when; NaN: never.

    `known[g]`: it was measured well enough to tell.
    """

    score: Floats
    began: Floats
    known: Floats


def steps(grid: Grid, since: float) -> Steps:
    """Search a change point after `since` for each service."""
    values, direction, floor = _scaled(grid)
    measured = ~np.isnan(values)
    height, length = values.shape
    score, began, known = np.zeros(height), np.full(height, np.nan), np.zeros(height)
    for k in range(PAST, length):
        if grid.times[k] <= since:
            continue
        past, after = measured[:, :k].sum(axis=1), measured[:, k:].sum(axis=1)
        usable = (past >= PAST) & (after > 0)
        known = np.maximum(known, usable)
        middle, width = _spread(values[:, :k], past)
        width = np.maximum(width, floor) * (1 + 1 / np.maximum(past, 1))
        z = (values - middle[:, None]) / width[:, None]
        z = np.abs(z) if direction == 0 else z * direction
        y = np.minimum(np.log1p(np.where(measured & usable[:, None], np.maximum(z, 0), 0)), CAP)
        mean = y[:, k:].sum(axis=1) / np.maximum(after, 1) * after / (after + SHRINK)
        found = mean - np.median(y[:, max(0, k - LOCAL) : k], axis=1)
        better = found > score
        score, began = np.where(better, found, score), np.where(better, grid.times[k] - grid.step / 2, began)
    return Steps(score, began, known)


def _scaled(grid: Grid) -> tuple[Floats, int, float]:
    """Return the values on a scale where a step means the same at every level, which way is bad, and the least width of the noise."""
    values = grid.values
    top = float(np.nanmax(values, initial=0.0))
    match grid.kind:
        case Kind.AVAILABILITY:
            return _errors(1 - values / (100 if top > 1.5 else 1)), 1, 0.25
        case Kind.ERRORS if whole(values):
            return 2 * np.sqrt(np.maximum(values, 0) + 0.375), 1, 1.0  # Anscombe 1948: the root of a count has width 1
        case Kind.ERRORS:
            return _errors(values / (1 if top <= 1 else 100 if top <= 100 else top)), 1, 0.25
        case Kind.LATENCY | Kind.CALLS:
            return _logged(values), 1, 0.1
        case Kind.RESOURCE | Kind.TRAFFIC:
            return _logged(values), 0, 0.1


def _errors(ratio: Floats) -> Floats:
    return np.asarray(np.log1p(np.maximum(ratio, 0) / 0.005))


def _logged(values: Floats) -> Floats:
    """Log, with a little added so that zero is finite: 2 % of the service's own median, and no less than 1 % of the usual such."""
    middle, _ = _spread(values, (~np.isnan(values)).sum(axis=1))
    little = np.where(middle > 0, 0.02 * middle, np.nan)
    usual = float(np.median(little[~np.isnan(little)])) if (~np.isnan(little)).any() else 1e-9
    little = np.where(np.isnan(little), 0.01 * usual + 1e-12, np.maximum(little, 0.01 * usual))
    return np.asarray(np.log(np.maximum(values, 0) + little[:, None]))


def _spread(values: Floats, count: Floats) -> tuple[Floats, Floats]:
    """Median and robust width of each row, NaN passed over; NaN for the median, 0 for the width of an empty row."""
    ordered = np.sort(values, axis=1)  # NaN last
    at = np.array([0.05, 0.25, 0.5, 0.75, 0.95])[:, None] * np.maximum(count - 1, 0)
    low = np.floor(at).astype(np.intp)
    high = np.minimum(low + 1, np.maximum(count - 1, 0)).astype(np.intp)
    rows = np.arange(len(values))
    found = ordered[rows, low] + (ordered[rows, high] - ordered[rows, low]) * (at - low)
    width = np.maximum((found[3] - found[1]) / 1.349, (found[4] - found[0]) / 3.29)
    return found[2], np.nan_to_num(width)
