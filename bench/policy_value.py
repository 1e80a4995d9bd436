"""What each way to decide costs on incidents whose culprit is known: the dynamic programme against simpler rules.

The chances are those that the posterior really gave at each look (at the alert, and after each further minute of telemetry), not ones
drawn from the programme's own model of how evidence grows. Costs are `.rollbot.yaml`'s prices: minutes of damage by a critical symptom.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bot.policy.optimize.dp import Move, Solution, Stakes, solve
from bot.policy.optimize.prices import MINUTE, Prices

RESAMPLES = 2000


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


def ways(prices: Prices) -> dict[str, Way]:
    """Every way by its name. `shipped` is what the bot does by itself: what it only proposes counts as calling a person."""
    solution = solve(prices, Stakes())
    first = solution.thresholds(0)
    act = 1.1 if first.act is None else first.act
    person = 0.5 if first.act is None else first.person
    last = solution.steps
    return {
        "dynamic programme": lambda case: _by_programme(case, solution),
        f"shipped: act from {act:.2f}, wait from {person:.2f}": lambda case: _bounded(case, act, person, last),
        f"fixed threshold {act:.2f}, at once": lambda case: _fixed(case, act),
        "fixed threshold 0.50, at once": lambda case: _fixed(case, 0.5),
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


def _bounded(case: Case, act: float, person: float, last: int) -> tuple[str, int]:
    for look in range(last + 1):
        release, chance = likeliest(case, look)
        if chance >= act:
            return release, look
        if chance < person or look == last:
            return "", look
    raise AssertionError("the last look ends it")


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
