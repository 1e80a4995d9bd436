"""Fit the posterior's parameters to labelled cases: `python bench/fit_blame.py` prints those that bot/attribution/fitted.py ships.

Weights by penalised maximum likelihood of the labelled suspect; delays and lags by a coordinate search of the same likelihood from
their moments over the labelled faults. `Byhand` is set by hand, for nothing in these data speaks of it.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
from blame_cases import BLAME, Case, load
from blame_score import act_at, predict, scores, standings, temperature
from numpy.typing import NDArray
from scipy.optimize import minimize

from bot.attribution.bayes import UNSEEN, weighed
from bot.attribution.delay import fit as delay
from bot.attribution.delay import onsets
from bot.attribution.parameters import Delays, Parameters, Weights
from bot.attribution.posterior import External, Hypothesis, Noise, OfRelease

Floats = NDArray[np.float64]

MEASURES = tuple(field.name for field in fields(Weights))
NOISE = ("noise", "noise_strength", "noise_alerting", "noise_report")
TERMS = {"strongest": "noise_strength", "alerting": "noise_alerting", "report": "noise_report"}
"""Which parameter multiplies a term, where it has another name."""
NAMES = (*MEASURES, "release", "delay", *NOISE)
RIDGE = 0.5
FOLDS = 8
SHOWS = (0.0, 0.75, 1.0, 1.25, 1.5)
"""Among these the one that lets the threshold find most culprits is chosen, on held-out answers as the threshold itself."""


@dataclass(frozen=True, slots=True)
class Design:
    """One case: `rows[h]` are what the parameters of NAMES multiply for suspect h, `offset[h]` what is fixed, `truth` the labelled h."""

    rows: Floats
    offset: Floats
    keys: tuple[str, ...]
    truth: int


def fit(cases: Sequence[Case], said: str = "cross-validation") -> Parameters:
    """Fit on these cases and their labels."""
    fixed = [_design(case) for case in cases]
    best = _moments(cases)
    found, least = _at(cases, fixed, best)
    for factor in (1.3, 1.1):
        for name in ("median", "spread", "alert_lag", "report_lag"):
            for times in (factor, 1 / factor):
                tried = replace(best, **{name: round(getattr(best, name) * times, 3)})
                weights, loss = _at(cases, fixed, tried)
                if loss < least:
                    best, found, least = tried, weights, loss
    return _parameters(dict(zip(NAMES, found, strict=True)), best, said)


def _parameters(found: dict[str, float], delays: Delays, said: str) -> Parameters:
    rounded = {name: round(value, 3) for name, value in found.items()}
    return Parameters(
        said,
        weights=Weights(**{name: rounded[name] for name in MEASURES}),
        delays=replace(delays, weight=rounded["delay"]),
        release=rounded["release"],
        noise=rounded["noise"],
        noise_strength=rounded["noise_strength"],
        noise_alerting=rounded["noise_alerting"],
        noise_report=rounded["noise_report"],
    )


def _at(cases: Sequence[Case], fixed: Sequence[Design], delays: Delays) -> tuple[list[float], float]:
    """Best weights for these delays, and their loss."""
    column = NAMES.index("delay")
    for case, design in zip(cases, fixed, strict=True):
        began = onsets(case.evidence.alert, standings(case).step, delays)
        fits = {release.key: delay(release.released_at, began, delays) for release in case.evidence.candidates}
        for row, key in enumerate(design.keys):
            design.rows[row, column] = fits.get(key, 0.0)
    return _maximum(fixed)


def _moments(cases: Sequence[Case]) -> Delays:
    """Where the search for delays and lags begins: their moments over the labelled faults."""
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
    usual = Delays()
    return Delays(
        median=round(float(np.exp(logs.mean()))),
        spread=round(float(logs.std()), 2),
        alert_lag=round(float(np.mean(alert)), 2) if alert else usual.alert_lag,
        report_lag=round(float(np.mean(report)), 2) if report else usual.report_lag,
    )


def _design(case: Case) -> Design:
    unit = Parameters(
        weights=Weights(*([1.0] * len(MEASURES))), release=0.0, noise=0.0, noise_strength=1.0, noise_alerting=1.0, noise_report=1.0
    )
    rows, offsets, keys, truth = [], [], [], -1
    labelled = _labelled(case, {one.service for one in case.evidence.series})
    for at, (hypothesis, prior, terms) in enumerate(weighed(case.evidence, unit, standings(case))):
        row, offset = dict.fromkeys(NAMES, 0.0), prior
        for term in terms:
            name = TERMS.get(term.name, term.name)
            row[name] = row.get(name, 0.0) + term.nats
        offset += sum(value for name, value in row.items() if name not in NAMES)
        row["release"], row["noise"] = float(isinstance(hypothesis, OfRelease)), float(isinstance(hypothesis, Noise))
        rows.append([row[name] for name in NAMES])
        offsets.append(offset)
        keys.append(hypothesis.key if isinstance(hypothesis, OfRelease) else "")
        match = keys[-1] == case.label.culprit if isinstance(hypothesis, OfRelease) else hypothesis == labelled
        truth = at if match else truth
    return Design(np.array(rows), np.array(offsets), tuple(keys), truth)


def _labelled(case: Case, known: set[str]) -> Hypothesis | None:
    if case.label.kind == "fault":
        return None
    if case.label.service is None:
        return Noise()
    return External(case.label.service if case.label.service in known else UNSEEN)


def _maximum(designs: Sequence[Design]) -> tuple[list[float], float]:
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

    found = minimize(loss, np.zeros(len(NAMES)), jac=True, method="L-BFGS-B")
    return [float(value) for value in found.x], float(found.fun)


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
    fits = [(test, fit(train)) for train, test in folds(cases)]
    warmth = temperature([answer for test, fitted in fits for answer in predict(test, fitted)])
    best, act, shows = -1.0, 1.0, 0.0
    for tried in SHOWS:
        held = [answer for test, one in fits for answer in predict(test, replace(one, temperature=warmth, shows=tried))]
        at = act_at(held)
        if (recall := scores(held, at, False)["recall"]) > best:
            best, act, shows = recall, at, tried
    systems = ", ".join(sorted({case.system for case in cases}))
    said = f"{len(cases)} labelled cases of {len({case.fault for case in cases})} incidents of {systems}, by bench/fit_blame.py"
    print(replace(fit(cases, said), temperature=warmth, act_at=act, shows=shows))
    return 0


if __name__ == "__main__":
    if not BLAME.is_dir():
        sys.exit(f"no {BLAME}: set ROLLBOT_SHARED")
    sys.exit(main())
