"""Which release is to blame: the posterior on labelled incidents and on RootCauseBench, against baselines, with intervals.

Reads the folder that ROLLBOT_SHARED names (default ../shared), samples up to the alert only. RESULT is of the shipped parameters;
where they were fitted on the same incidents, the honest figures are the cross-validated ones above it.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import rootcause
from blame_baselines import BASELINES, top1
from blame_cases import BLAME, Case, load
from blame_score import Answer, bootstrap, calibration, predict, scores
from fit_blame import by_system, fit, folds

from bot.attribution.fitted import SHIPPED

DECOYS = ("uniform", "adversarial")


def main() -> int:
    """Print all tables, RESULT last."""
    if not (BLAME / "cases.jsonl").is_file():
        print(f"no {BLAME}/cases.jsonl: set ROLLBOT_SHARED", file=sys.stderr)
        return 1
    cases = load()
    print(f"{len(cases)} cases of {len({case.fault for case in cases})} incidents; shipped parameters fitted on {SHIPPED.fitted_on}")
    print(f"threshold {SHIPPED.act_at}; waiting time after the alert: none\n")
    shipped = predict(cases, SHIPPED, timed=True)
    held = _held(cases, folds)
    apart = _held(cases, by_system)
    for name, answers in (("shipped", shipped), ("cross-validated by incident", held), ("one system left out", apart)):
        _table(name, answers)
    _baselines(cases)
    _misses(shipped)
    p95 = float(np.quantile([answer.seconds for answer in shipped], 0.95)) * 1000
    bench = rootcause.run()
    result = {decoys: _rounded(scores(_of(shipped, decoys), SHIPPED.act_at)) for decoys in DECOYS}
    print("RESULT", json.dumps({**result, "loso_top1": round(_top1(apart), 3), "p95_ms": round(p95, 1), "rootcausebench": bench}))
    return 0


def _held(cases: list[Case], split: Callable[[Sequence[Case]], list[tuple[list[Case], list[Case]]]]) -> list[Answer]:
    """Answers by parameters fitted without the answered cases; temperature and threshold stay as shipped."""
    found = []
    for train, test in split(cases):
        found += predict(test, replace(fit(train), temperature=SHIPPED.temperature)) if train else []
    return found


def _table(name: str, answers: list[Answer]) -> None:
    print(f"{name}: value [95 % interval, incidents drawn again]")
    for decoys in DECOYS:
        chosen = _of(answers, decoys)
        cells = []
        for key, value in scores(chosen, SHIPPED.act_at).items():
            if key == "ece":
                continue
            low, high = bootstrap(chosen, lambda drawn, key=key: scores(drawn, SHIPPED.act_at, False)[key])  # type: ignore[misc]
            cells.append(f"{key} {value:.3f} [{low:.2f}, {high:.2f}]")
        print(f"  {decoys:12}", "  ".join(cells))
    error, band = calibration(answers)
    print(f"  calibration error {error:.3f}; 95 % of perfectly calibrated models stay below {band:.3f} on this sample")
    print(f"  top1 over both {_top1(answers):.3f}\n")


def _baselines(cases: list[Case]) -> None:
    print("baselines, top1 uniform / adversarial")
    for name, score in BASELINES.items():
        print(f"  {name:32}", " / ".join(f"{top1([case for case in cases if case.decoys == decoys], score):.2f}" for decoys in DECOYS))
    print()


def _misses(answers: list[Answer]) -> None:
    """Of what kind are the faults whose culprit did not come first, and the wrong rollbacks."""
    every = Counter((one.case.system, one.case.label.fault) for one in answers if one.case.label.culprit)
    missed = Counter((one.case.system, one.case.label.fault) for one in answers if one.case.label.culprit and not one.right)
    print("not first:", ", ".join(f"{system} {fault} {count}/{every[system, fault]}" for (system, fault), count in missed.most_common()))
    wrong = Counter((one.case.system, one.case.label.kind) for one in answers if one.sure >= SHIPPED.act_at and not one.right)
    print("wrong rollbacks:", ", ".join(f"{system} {kind} {count}" for (system, kind), count in wrong.most_common()) or "none", "\n")


def _top1(answers: list[Answer]) -> float:
    faults = [answer for answer in answers if answer.case.label.culprit is not None]
    return sum(answer.right for answer in faults) / max(1, len(faults))


def _of(answers: list[Answer], decoys: str) -> list[Answer]:
    return [answer for answer in answers if answer.case.decoys == decoys]


def _rounded(found: dict[str, float]) -> dict[str, float]:
    return {key: round(value, 3) for key, value in found.items()}


if __name__ == "__main__":
    sys.exit(main())
