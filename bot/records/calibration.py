"""Judged incidents → whether its probabilities hold, and which thresholds and trust they suggest."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

from bot.records.scorecard import Verdict
from bot.records.verdicts import Judged

BINS = 5
ENOUGH = 20
PRECISE = 0.95
"""A service's environment earns merges by so many judged incidents at such a precision."""
OFF = 0.2
"""An expected calibration error above this: what is said does not come true as often as it is said."""
HALF = 0.5
FEW = 5
_Z = 1.959964
"""The normal distribution's 97.5 % quantile."""


@dataclass(frozen=True, slots=True)
class Bin:
    """Cases of like probability: the mean of what was said, how many people bore out, and the 95 % interval of that share (Wilson)."""

    count: int
    said: float
    right: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Score:
    """`precision` of what it would have taken back, `recall` of what people took back; None where there was nothing of it."""

    right: int
    wrong: int
    abstained: int
    missed: int
    unjudged: int
    precision: float | None
    recall: float | None
    saved: float
    """Seconds, over all that was right."""

    @property
    def acted(self) -> int:
        return self.right + self.wrong


@dataclass(frozen=True, slots=True)
class Suggestion:
    """The trust that an environment's own past suggests for it."""

    environment: str
    score: Score
    trust: str
    why: str


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From `act` on the likeliest suspect was to blame often enough to act, below `person` not half the time. None: too few cases."""

    act: float | None
    person: float | None


def score(judged: Sequence[Judged]) -> Score:
    count = {verdict: sum(1 for each in judged if each.verdict is verdict) for verdict in Verdict}
    right, wrong, missed = count[Verdict.RIGHT], count[Verdict.WRONG], count[Verdict.MISSED]
    taken = [each for each in judged if each.known and each.people is not None]
    own = sum(1 for each in taken if (each.people and each.people.service == each.service) or each.verdict is Verdict.RIGHT)
    return Score(
        right=right,
        wrong=wrong,
        abstained=count[Verdict.ABSTAINED],
        missed=missed,
        unjudged=sum(1 for each in judged if not each.known),
        precision=right / (right + wrong) if right + wrong else None,
        recall=right / own if own else None,
        saved=sum(each.saved for each in judged if each.saved is not None),
    )


def bins(points: Sequence[tuple[float, bool]], most: int = BINS) -> tuple[Bin, ...]:
    """Cut (probability, whether right) into bins of equal mass, least probable first."""
    line = sorted(points, key=lambda each: each[0])  # by nothing else: among equals the outcome must not choose the bin
    count = min(most, len(line))
    cuts = [round(part * len(line) / count) for part in range(count + 1)] if count else []
    return tuple(_bin(line[start:end]) for start, end in itertools.pairwise(cuts) if end > start)


def calibration_error(found: Sequence[Bin]) -> float | None:
    """The expected calibration error: how far what was said lies from what came true, over bins weighed by their cases."""
    cases = sum(each.count for each in found)
    return sum(each.count * abs(each.said - each.right) for each in found) / cases if cases else None


def suggest(judged: Sequence[Judged]) -> tuple[Suggestion, ...]:
    """Suggest trust for each environment."""
    places = sorted({each.service.environment for each in judged})
    return tuple(_suggestion(place, [each for each in judged if each.service.environment == place]) for place in places)


def thresholds(judged: Sequence[Judged]) -> Thresholds:
    """The thresholds that all of it suggests, whatever the environment: what is believed means the same everywhere.

    None where probabilities do not hold: a threshold on them would mean something else on the next case. Never to act on less than a half.
    """
    points = [each.first for each in judged if each.first is not None]
    error = calibration_error(bins(points))
    if error is None or error > OFF:
        return Thresholds(None, None)
    act, person = threshold(points, PRECISE, ENOUGH), threshold(points, HALF, FEW)
    act = None if act is None else max(HALF, act)
    return Thresholds(act, person if act is None or person is None else min(act, person))


def threshold(points: Sequence[tuple[float, bool]], precision: float, least: int) -> float | None:
    """The lowest probability from which on the first suspects were right often enough, of at least so many; None where there is none."""
    line = sorted(points, reverse=True)
    found, hits = None, 0
    for place, (said, right) in enumerate(line, 1):
        hits += right
        last_of_its_kind = place == len(line) or line[place][0] < said
        if place >= least and hits >= precision * place and last_of_its_kind:
            found = said
    return found


def interval(hits: int, count: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share: https://doi.org/10.1080/01621459.1927.10502953."""
    if not count:
        return 0.0, 1.0
    share, square = hits / count, _Z * _Z
    middle = share + square / (2 * count)
    spread = _Z * sqrt(share * (1 - share) / count + square / (4 * count * count))
    return max(0.0, (middle - spread) / (1 + square / count)), min(1.0, (middle + spread) / (1 + square / count))


def _bin(points: Sequence[tuple[float, bool]]) -> Bin:
    hits, count = sum(right for _, right in points), len(points)
    return Bin(count, sum(said for said, _ in points) / count, hits / count, *interval(hits, count))


def _suggestion(environment: str, judged: Sequence[Judged]) -> Suggestion:
    its = score(judged)
    return Suggestion(environment, its, *_trust(its))


def _trust(its: Score) -> tuple[str, str]:
    if its.precision is None:
        return "observe", "it would have taken nothing back that can be judged"
    said = f"{its.right} of {its.acted} rollbacks would have been right"
    if its.precision < HALF:
        return "observe", said
    if its.acted < ENOUGH:
        return "propose", f"{said}; merging by itself takes {ENOUGH} that were judged"
    if its.precision < PRECISE:
        return "propose", f"{said}; merging by itself takes {PRECISE:.0%}"
    return "merge", said
