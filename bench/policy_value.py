"""What each way to decide costs on incidents whose culprit is known: the dynamic programme against simpler rules.

The chances are those that the posterior really gave at each look (at the alert, and after each further minute of telemetry), not ones
drawn from the programme's own model of how evidence grows; its parameters are fitted without the incidents that it is asked about. Costs
are `.rollbot.yaml`'s prices: minutes of damage by a critical symptom. Reads the folder that ROLLBOT_SHARED names (default ../shared).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import blame_cases
import numpy as np
from fit_blame import fit, folds

from bot.attribution.bayes import posterior
from bot.attribution.fitted import SHIPPED
from bot.attribution.parameters import Parameters
from bot.policy.judgement import Bounds
from bot.policy.optimize.dp import Move, Solution, Stakes, solve
from bot.policy.optimize.prices import MINUTE, Prices
from bot.policy.weigh import scales

RESAMPLES = 2000
SETTINGS: Mapping[str, Prices] = {
    "the default prices": Prices(),
    "a wrong rollback is cheap (3)": Prices(wrong_rollback=3.0),
    "a wrong rollback is dear (60)": Prices(wrong_rollback=60.0),
    "a person is quick (5 min)": Prices(person_in=5 * MINUTE),
}


@dataclass(frozen=True, slots=True)
class Case:
    """`fault` names what several cases share (they are resampled together). `looks[t]`: each release's chance after t looks.

    `newest`: the release that came last, "" where there was none; `culprit`: the one to blame, None where none was.
    """

    fault: str
    looks: tuple[Mapping[str, float], ...]
    newest: str
    culprit: str | None


@dataclass(frozen=True, slots=True)
class Played:
    """`release`: what was taken back, "" where a person was called; `waited` in looks."""

    cost: float
    release: str
    waited: int


Way = Callable[[Case], tuple[str, int]]
"""A case → the release to take back ("": call a person), and after how many looks."""


def cost(case: Case, release: str, waited: int, prices: Prices, damage: float = 1.0) -> Played:
    """What it comes to in the end: damage until it is over, and the price of what was done."""
    person = prices.page + damage * prices.person_in / MINUTE
    total = damage * waited * prices.look_every / MINUTE
    if release:
        total += prices.rollback + damage * prices.fixed_in / MINUTE
        if release != case.culprit:
            total += prices.wrong_rollback + person
    else:
        total += person
    return Played(total, release, waited)


def likeliest(case: Case, look: int) -> tuple[str, float]:
    chances = case.looks[min(look, len(case.looks) - 1)]
    return max(chances.items(), key=lambda each: each[1], default=("", 0.0))


def ways(prices: Prices, proven: float = SHIPPED.act_at) -> dict[str, Way]:
    """Every way by its name. What the bot only proposes counts as calling a person, though the pull request is ready then."""
    solution, eager = solve(prices, Stakes()), solve(replace(prices, learning=prices.learning_beside), Stakes())
    return {
        "dynamic programme": lambda case: _by_programme(case, solution),
        f"dynamic programme that hopes for {prices.learning_beside:g} nats a look": lambda case: _by_programme(case, eager),
        "shipped (never alone below what is proven)": lambda case: _shipped(case, solution, proven),
        f"fixed threshold {proven:.2f}": lambda case: _fixed(case, proven),
        "fixed threshold 0.50": lambda case: _fixed(case, 0.5),
        "always the likeliest": lambda case: (likeliest(case, 0)[0], 0),
        "always the newest": lambda case: (case.newest, 0),
        "never": lambda case: ("", 0),
    }


def _by_programme(case: Case, solution: Solution) -> tuple[str, int]:
    for look in range(solution.steps + 1):
        release, chance = likeliest(case, look)
        move = solution.best(chance, look)
        if move is not Move.WAIT:
            return (release if move is Move.ROLLBACK else "", look)
    raise AssertionError("after the last look there is nothing to wait for")


def _shipped(case: Case, solution: Solution, proven: float) -> tuple[str, int]:
    for look in range(solution.steps + 1):
        release, chance = likeliest(case, look)
        on = scales(solution, Bounds(), look, 0.0, {}, proven)
        if on.act is not None and chance >= on.act:
            return release, look
        if on.waits is None or not on.waits[0] <= chance < on.waits[1]:
            return "", look
    raise AssertionError("after the last look there is nothing to wait for")


def _fixed(case: Case, threshold: float) -> tuple[str, int]:
    release, chance = likeliest(case, 0)
    return (release if chance >= threshold else "", 0)


def play(cases: Sequence[Case], prices: Prices) -> dict[str, list[Played]]:
    return {name: [cost(case, *way(case), prices) for case in cases] for name, way in ways(prices).items()}


def interval(cases: Sequence[Case], values: Sequence[float], seed: int = 1) -> tuple[float, float]:
    """The 95 % bootstrap interval of the mean, whole faults drawn."""
    faults = sorted({case.fault for case in cases})
    sums = np.array([sum(v for c, v in zip(cases, values, strict=True) if c.fault == fault) for fault in faults])
    counts = np.array([sum(1 for c in cases if c.fault == fault) for fault in faults])
    drawn = np.random.default_rng(seed).integers(0, len(faults), (RESAMPLES, len(faults)))
    means = sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1)
    low, high = np.quantile(means, (0.025, 0.975))
    return float(low), float(high)


def table(cases: Sequence[Case], prices: Prices, title: str) -> str:
    """The ways from the cheapest to the dearest, with what each took back rightly and wrongly."""
    lines = [
        f"{title}: {len(cases)} incidents, {sum(1 for c in cases if c.culprit)} with a culprit; minutes of damage each",
        "| way | mean cost | 95 % | rolled back rightly | wrongly | person called | minutes waited |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    played = play(cases, prices)
    for name, found in sorted(played.items(), key=lambda each: sum(one.cost for one in each[1])):
        low, high = interval(cases, [one.cost for one in found])
        right = sum(1 for case, one in zip(cases, found, strict=True) if one.release and one.release == case.culprit)
        wrong = sum(1 for case, one in zip(cases, found, strict=True) if one.release and one.release != case.culprit)
        waited = np.mean([one.waited for one in found]) * prices.look_every / MINUTE
        mean = np.mean([one.cost for one in found])
        lines.append(f"| {name} | {mean:.1f} | {low:.1f}-{high:.1f} | {right} | {wrong} | {len(found) - right - wrong} | {waited:.1f} |")
    return "\n".join(lines)


def known(case: blame_cases.Case, parameters: Parameters, prices: Prices) -> Case:
    """A labelled case with what the posterior says of it at each look. Where there is not enough evidence, nobody has a chance."""
    looks = []
    for look in range(round(prices.wait_most / prices.look_every) + 1):
        said = posterior(blame_cases.waited(case, look * prices.look_every), parameters)
        looks.append({release.key: said.of(release.key) if said.enough else 0.0 for release in case.evidence.candidates})
    newest = max(case.evidence.candidates, key=lambda release: release.released_at, default=None)
    return Case(case.fault, tuple(looks), newest.key if newest else "", case.label.culprit)


def learning(cases: Sequence[Case]) -> list[float]:
    """How much each look told on average, in nats: how far the log odds of the likeliest release moved towards the truth."""
    gains = []
    for look in range(len(cases[0].looks) - 1):
        moves = []
        for case in cases:
            release, before = likeliest(case, look)
            after = case.looks[look + 1].get(release, before)
            way = 1.0 if release == case.culprit else -1.0
            moves.append(way * (_odds(after) - _odds(before)))
        gains.append(float(np.mean(moves)))
    return gains


def _odds(chance: float) -> float:
    inside = min(max(chance, 1e-6), 1.0 - 1e-6)
    return float(np.log(inside) - np.log1p(-inside))


def main() -> int:
    """Print a table for each kind of decoys at the default prices, and for each other setting of prices over all."""
    if not (blame_cases.BLAME / "cases.jsonl").is_file():
        print(f"no {blame_cases.BLAME}/cases.jsonl: set ROLLBOT_SHARED", file=sys.stderr)
        return 1
    labelled = blame_cases.load()
    held = [
        (case.decoys, known(case, parameters, Prices()))
        for train, test in folds(labelled)
        for parameters in [replace(fit(train), temperature=SHIPPED.temperature)]
        for case in test
    ]
    everything = [case for _, case in held]
    print("a further minute told, in nats:", ", ".join(f"{gain:.2f}" for gain in learning(everything)), end="\n\n")
    for decoys in dict.fromkeys(kind for kind, _ in held):
        print(table([case for kind, case in held if kind == decoys], Prices(), f"{decoys} decoys, the default prices"), end="\n\n")
    for name, prices in SETTINGS.items():
        print(table(everything, prices, f"all, {name}"), end="\n\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
