"""Series → one matrix a metric: services × steps on a common clock, gaps as NaN, counters as rates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bot.attribution.evidence import Kind, Series

Floats = NDArray[np.float64]

FINEST = 30.0
"""Seconds: finer samples are taken together, since a handful of requests a step says little."""
LONGEST = 64
"""Steps that are looked at: the newest. Older ones describe another day."""


@dataclass(frozen=True, slots=True)
class Grid:
    """`values[g, k]` is the metric of service g over the `step` seconds that end at `times[k]`; every service has a row."""

    metric: str
    kind: Kind
    step: float
    times: Floats
    values: Floats


def grids(series: Iterable[Series], rows: Mapping[str, int]) -> tuple[Grid, ...]:
    """Lay each metric's series on one clock. What cannot be laid (fewer than two samples, no step) is left out.

    `rows`: each service's row.
    """
    families: dict[tuple[str, Kind], list[tuple[int, Floats, Floats]]] = {}
    for one in series:
        times, values = _clean(one)
        if times.size >= 2 and one.service in rows:
            families.setdefault((one.metric, one.kind), []).append((rows[one.service], times, values))
    made = (_grid(metric, kind, found, len(rows)) for (metric, kind), found in families.items())
    return tuple(grid for grid in made if grid is not None)


def _clean(series: Series) -> tuple[Floats, Floats]:
    size = min(len(series.times), len(series.values))
    times = np.asarray(series.times[:size], dtype=np.float64)
    values = np.asarray(series.values[:size], dtype=np.float64)
    values = np.where(np.isfinite(values), values, np.nan)
    keep = np.isfinite(times)
    order = np.argsort(times[keep], kind="stable")
    times, values = times[keep][order], values[keep][order]
    return _rate(times, values) if series.counter else (times, values)


def _rate(times: Floats, values: Floats) -> tuple[Floats, Floats]:
    """Increase a second between samples. After a reset the counter began at zero, as Prometheus' rate() has it."""
    passed, rise = np.diff(times), np.diff(values)
    rise = np.where(rise < 0, values[1:], rise)
    with np.errstate(divide="ignore", invalid="ignore"):
        return times[1:], np.where(passed > 0, rise / passed, np.nan)


def _grid(metric: str, kind: Kind, found: list[tuple[int, Floats, Floats]], height: int) -> Grid | None:
    gaps = np.concatenate([np.diff(times) for _, times, _ in found])
    gaps = gaps[gaps > 0]
    if not gaps.size:
        return None
    step, end = float(np.median(gaps)), max(float(times[-1]) for _, times, _ in found)
    fold = max(1, round(FINEST / step))
    width = LONGEST * fold
    values = np.full((height, width), np.nan)
    for row, times, measured in found:
        back = np.round((end - times) / step)
        near = (back < width) & ~np.isnan(measured)
        values[row, width - 1 - back[near].astype(np.intp)] = measured[near]
    values = _folded(values, fold, kind)
    first = int(np.argmax((~np.isnan(values)).any(axis=0)))
    length = values.shape[1] - first
    return Grid(metric, kind, step * fold, end - step * fold * np.arange(length - 1, -1, -1.0), values[:, first:])


def _folded(values: Floats, fold: int, kind: Kind) -> Floats:
    """Take `fold` steps together: whole numbers of errors are added up, all else is averaged."""
    if fold == 1:
        return values
    parts = values.reshape(values.shape[0], -1, fold)
    seen = (~np.isnan(parts)).sum(axis=2)
    total = np.where(np.isnan(parts), 0.0, parts).sum(axis=2)
    counted = kind is Kind.ERRORS and whole(values)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(seen > 0, total if counted else total / seen, np.nan)


def whole(values: Floats) -> bool:
    """Return whether all that was measured are whole numbers: counts."""
    measured = values[~np.isnan(values)]
    return bool((measured == np.round(measured)).all())
