"""Fit the posterior's parameters to labelled cases: `python bench/fit_blame.py` prints those that bot/attribution/fitted.py ships.

Weights by penalised maximum likelihood of the labelled suspect; delays and lags by their moments over the labelled faults. Each of
the other parameters is set by hand (`Byhand`), for nothing in these data speaks of it.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
from blame_cases import BLAME, Case, load
from blame_score import act_at, predict, standings, temperature
from numpy.typing import NDArray
from scipy.optimize import minimize

from bot.attribution.bayes import UNSEEN, weighed
from bot.attribution.parameters import Delays, Parameters, Weights
from bot.attribution.posterior import External, Hypothesis, Noise, OfRelease

Floats = NDArray[np.float64]

MEASURES = tuple(field.name for field in fields(Weights))
NAMES = (*MEASURES, "release", "delay", "noise", "noise_strength")
RIDGE = 0.5
FOLDS = 8


@dataclass(frozen=True, slots=True)
class Design:
    """One case: `rows[h]` are what the parameters of NAMES multiply for suspect h, `offset[h]` what is fixed, `truth` the labelled h."""

    rows: Floats
    offset: Floats
    truth: int


def fit(cases: Sequence[Case], said: str = "cross-validation") -> Parameters:
    """Fit on these cases and their labels."""
    delays = _delays(cases)
    unit = Parameters(said, 0.5, Weights(*([1.0] * len(MEASURES))), replace(delays, weight=1.0), release=0.0, noise=0.0, noise_strength=1.0)
    found = dict(zip(NAMES, _maximum([_design(case, unit) for case in cases]), strict=True))
    return replace(
        unit,
        weights=Weights(**{name: round(found[name], 3) for name in MEASURES}),
        delays=replace(delays, weight=round(found["delay"], 3)),
        release=round(found["release"], 3),
        noise=round(found["noise"], 3),
        noise_strength=round(found["noise_strength"], 3),
    )


def _delays(cases: Sequence[Case]) -> Delays:
    """Moments of the delays and lags of the labelled faults."""
    after: list[float] = []
    alert: list[float] = []
    report: list[float] = []
    for case in cases:
        evidence, label = case.evidence, case.label
        if label.began is None or evidence.alert.first_breach_at is None:
            continue
        lag = (evidence.alert.first_breach_at - label.began) / standings(case).step
        (report if evidence.alert.user_report else alert).append(lag)
        after += [label.began - one.released_at for one in evidence.candidates if one.key == label.culprit]
    logs = np.log(np.maximum(after, 1.0))
    return Delays(
        median=round(float(np.exp(logs.mean()))),
        spread=round(float(logs.std()), 2),
        alert_lag=round(float(np.mean(alert)), 2),
        report_lag=round(float(np.mean(report)), 2) if report else Delays().report_lag,
    )


def _design(case: Case, unit: Parameters) -> Design:
    rows, offsets, truth = [], [], -1
    labelled = _labelled(case, {one.service for one in case.evidence.series})
    for at, (hypothesis, prior, terms) in enumerate(weighed(case.evidence, unit, standings(case))):
        row = dict.fromkeys(NAMES, 0.0)
        offset = prior
        for term in terms:
            name = {"strongest": "noise_strength"}.get(term.name, term.name)
            if name in row:
                row[name] += term.nats
            else:
                offset += term.nats
        row["release"], row["noise"] = float(isinstance(hypothesis, OfRelease)), float(isinstance(hypothesis, Noise))
        rows.append(list(row.values()))
        offsets.append(offset)
        match = hypothesis.key == case.label.culprit if isinstance(hypothesis, OfRelease) else hypothesis == labelled
        truth = at if match else truth
    return Design(np.array(rows), np.array(offsets), truth)


def _labelled(case: Case, known: set[str]) -> Hypothesis | None:
    if case.label.kind == "fault":
        return None
    if case.label.service is None:
        return Noise()
    return External(case.label.service if case.label.service in known else UNSEEN)


def _maximum(designs: Sequence[Design]) -> list[float]:
    height = max(len(design.rows) for design in designs)
    rows = np.zeros((len(designs), height, len(NAMES)))
    offset = np.full((len(designs), height), -1e9)
    for at, design in enumerate(designs):
        rows[at, : len(design.rows)], offset[at, : len(design.rows)] = design.rows, design.offset
    each, truth = np.arange(len(designs)), np.array([design.truth for design in designs])

    def loss(weights: Floats) -> tuple[float, Floats]:
        logs = rows @ weights + offset
        logs -= logs.max(axis=1, keepdims=True)
        shares = np.exp(logs) / np.exp(logs).sum(axis=1, keepdims=True)
        value = -np.log(shares[each, truth] + 1e-300).sum() + RIDGE * weights @ weights
        return float(value), np.einsum("nh,nhf->f", shares, rows) - rows[each, truth].sum(axis=0) + 2 * RIDGE * weights

    return [float(value) for value in minimize(loss, np.zeros(len(NAMES)), jac=True, method="L-BFGS-B").x]


def folds(cases: Sequence[Case]) -> list[tuple[list[Case], list[Case]]]:
    """Training and held-out cases, by fault."""
    faults = sorted({case.fault for case in cases})
    order = np.random.default_rng(1).permutation(len(faults))
    fold = {faults[index]: at % FOLDS for at, index in enumerate(order)}
    return [([case for case in cases if fold[case.fault] != k], [case for case in cases if fold[case.fault] == k]) for k in range(FOLDS)]


def by_system(cases: Sequence[Case]) -> list[tuple[list[Case], list[Case]]]:
    """Training and held-out cases, one system held out at a time."""
    systems = sorted({case.system for case in cases})
    return [([case for case in cases if case.system != one], [case for case in cases if case.system == one]) for one in systems]


def main() -> int:
    """Print what to ship: weights fitted on all, temperature and threshold on held-out answers."""
    cases = load()
    held = [answer for train, test in folds(cases) for answer in predict(test, fit(train))]
    warmth = temperature(held)
    held = [answer for train, test in folds(cases) for answer in predict(test, replace(fit(train), temperature=warmth))]
    systems = ", ".join(sorted({case.system for case in cases}))
    said = f"{len(cases)} labelled cases of {len({case.fault for case in cases})} incidents of {systems}, by bench/fit_blame.py"
    print(replace(fit(cases, said), temperature=warmth, act_at=act_at(held)))
    return 0


if __name__ == "__main__":
    if not BLAME.is_dir():
        sys.exit(f"no {BLAME}: set ROLLBOT_SHARED")
    sys.exit(main())
