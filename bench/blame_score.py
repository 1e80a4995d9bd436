"""Answers and labels → how often they are right, how well their numbers hold, and how sure one may be of both."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from blame_cases import Case
from numpy.typing import NDArray

from bot.attribution.bayes import posterior
from bot.attribution.parameters import Parameters
from bot.attribution.standing import Standings, stand

PRECISE = {"uniform": 0.95, "adversarial": 0.90}
FALSE = 0.01
BINS = 5


@dataclass(frozen=True, slots=True)
class Answer:
    """`ranked`: the releases' keys and probabilities, most likely first. `enough`: whether it may be acted on at all."""

    case: Case
    ranked: tuple[tuple[str, float], ...]
    enough: bool
    seconds: float

    @property
    def right(self) -> bool:
        return self.ranked[0][0] == self.case.label.culprit

    @property
    def sure(self) -> float:
        return self.ranked[0][1] if self.enough else 0.0


@cache
def _standings() -> dict[str, Standings]:
    return {}


def standings(case: Case) -> Standings:
    """Measure a case's services, once."""
    known = _standings()
    if case.key not in known:
        known[case.key] = stand(case.evidence)
    return known[case.key]


def predict(cases: Sequence[Case], parameters: Parameters, timed: bool = False) -> list[Answer]:
    """Ask the posterior, with nothing but the evidence. `timed`: measure anew, as for the first time."""
    answers = []
    for case in cases:
        began = time.perf_counter()
        found = posterior(case.evidence, parameters, None if timed else standings(case))
        seconds = time.perf_counter() - began
        ranked = {release.key: found.of(release.key) for release in case.evidence.candidates}
        answers.append(Answer(case, tuple(sorted(ranked.items(), key=lambda one: -one[1])), found.enough, seconds))
    return answers


def scores(answers: Sequence[Answer], threshold: float, calibrated: bool = True) -> dict[str, float]:
    """Return top1 and top3 over the cases with a culprit; precision, recall and false rollbacks (over all cases) at the threshold."""
    faults = [answer for answer in answers if answer.case.label.culprit is not None]
    acted = [answer for answer in answers if answer.sure >= threshold]
    good = sum(answer.right for answer in acted)
    named = sum(answer.case.label.culprit in [key for key, _ in answer.ranked[:3]] for answer in faults)
    return {
        "top1": sum(answer.right for answer in faults) / max(1, len(faults)),
        "top3": named / max(1, len(faults)),
        "precision": good / len(acted) if acted else 1.0,
        "recall": good / max(1, len(faults)),
        "false_rollback": (len(acted) - good) / max(1, len(answers)),
        "ece": calibration(answers)[0] if calibrated else 0.0,
    }


def calibration(answers: Sequence[Answer], draws: int = 2000) -> tuple[float, float]:
    """Expected calibration error of the first release's probability, and below what 95 % of perfectly calibrated ones stay here."""
    said = np.array([answer.ranked[0][1] for answer in answers])
    order = np.argsort(said, kind="stable")
    said = said[order]
    true = np.array([answer.right for answer in answers], dtype=float)[order]
    chance = np.random.default_rng(0).random((draws, len(said))) < said
    return float(_error(said, true[None, :])[0]), float(np.quantile(_error(said, chance.astype(float)), 0.95))


def _error(said: NDArray[np.float64], true: NDArray[np.float64]) -> NDArray[np.float64]:
    total = np.zeros(len(true))
    for part in np.array_split(np.arange(len(said)), BINS):
        total += np.abs(true[:, part].mean(axis=1) - said[part].mean()) * len(part) / len(said)
    return total


def bootstrap(answers: Sequence[Answer], measure: Callable[[Sequence[Answer]], float], draws: int = 400) -> tuple[float, float]:
    """95 % interval of a measure, faults (not cases) drawn again."""
    faults: dict[str, list[Answer]] = {}
    for answer in answers:
        faults.setdefault(answer.case.fault, []).append(answer)
    groups, random = list(faults.values()), np.random.default_rng(0)
    found = [measure([one for at in random.integers(len(groups), size=len(groups)) for one in groups[at]]) for _ in range(draws)]
    return float(np.quantile(found, 0.025)), float(np.quantile(found, 0.975))


def act_at(answers: Sequence[Answer]) -> float:
    """Return the lowest threshold from which on precision and false rollbacks hold in both kinds of decoys; 1 where none does."""
    best = 1.0
    for threshold in sorted({round(answer.sure, 3) for answer in answers}, reverse=True):
        for decoys, precise in PRECISE.items():
            found = scores([answer for answer in answers if answer.case.decoys == decoys], threshold, False)
            if found["precision"] < precise or found["false_rollback"] > FALSE:
                break
        else:
            best = threshold
    return best


def temperature(answers: Sequence[Answer]) -> float:
    """Return by what to divide log-odds of the first release so that held-out answers are likeliest (over a grid)."""
    said = np.clip([answer.ranked[0][1] for answer in answers], 1e-6, 1 - 1e-6)
    odds, true = np.log(said / (1 - said)), np.array([answer.right for answer in answers])
    warm = np.arange(0.7, 2.01, 0.05)
    losses = [np.log1p(np.exp(np.where(true, -odds, odds) / one)).sum() for one in warm]
    return round(float(warm[int(np.argmin(losses))]), 2)
