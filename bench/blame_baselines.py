"""What simpler rules would blame, each a ranking of the candidates by the same evidence."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from blame_cases import Case
from scipy.stats import mannwhitneyu

from bot.attribution.delay import noticed
from bot.attribution.evidence import Candidate, Evidence, Kind, Series

Score = Callable[[Evidence, Candidate], float]

BAD = {Kind.LATENCY: 1, Kind.ERRORS: 1, Kind.AVAILABILITY: -1}


def newest(evidence: Evidence, candidate: Candidate) -> float:
    """The newest release before the symptom was noticed."""
    return candidate.released_at if candidate.released_at <= noticed(evidence.alert) else -candidate.released_at


def newest_alerting(evidence: Evidence, candidate: Candidate) -> float:
    """The newest release of the alerting service, else the newest."""
    return newest(evidence, candidate) + (1e12 if candidate.service == evidence.alert.service else 0.0)


def mann_whitney(evidence: Evidence, candidate: Candidate) -> float:
    """The smallest p of a one-sided test, before the release against after it, over the service's latency, errors, availability."""
    found = []
    for series in _own(evidence, candidate):
        times, values = _measured(series)
        before, after = values[times <= candidate.released_at], values[times > candidate.released_at]
        if before.size >= 2 and after.size >= 2 and np.ptp(values) > 0:
            sides = (after, before) if BAD[series.kind] > 0 else (before, after)
            found.append(float(mannwhitneyu(*sides, alternative="greater").pvalue))
    return -min(found, default=1.0)


def baro(evidence: Evidence, candidate: Candidate) -> float:
    """BARO's RobustScorer (Pham et al., FSE 2024): the largest |x - median| / IQR after onset, over all of the service's metrics."""
    onset, best = noticed(evidence.alert), 0.0
    for series in evidence.series:
        if series.service != candidate.service:
            continue
        times, values = _measured(series)
        before, after = values[times < onset], values[times >= onset]
        if before.size >= 3 and after.size:
            low, middle, high = np.quantile(before, [0.25, 0.5, 0.75])
            best = max(best, float(np.abs(after - middle).max() / ((high - low) or 1.0)))
    return best


BASELINES: Mapping[str, Score] = {
    "newest release": newest,
    "newest of the alerting service": newest_alerting,
    "Mann-Whitney of the service": mann_whitney,
    "BARO's robust score": baro,
}


def top1(cases: list[Case], score: Score) -> float:
    """How often the rule's first is the culprit, over the cases that have one."""
    faults = [case for case in cases if case.label.culprit is not None]
    first = [max(case.evidence.candidates, key=lambda one: score(case.evidence, one)).key for case in faults]
    return sum(key == case.label.culprit for key, case in zip(first, faults, strict=True)) / max(1, len(faults))


def _own(evidence: Evidence, candidate: Candidate) -> list[Series]:
    return [one for one in evidence.series if one.service == candidate.service and one.kind in BAD]


def _measured(series: Series) -> tuple[np.ndarray[tuple[int], np.dtype[np.float64]], np.ndarray[tuple[int], np.dtype[np.float64]]]:
    times, values = np.array(series.times), np.array(series.values)
    seen = np.isfinite(values)
    return times[seen], values[seen]
