"""What became of versions, hour by hour → how likely a version goes from one state of health to another in an hour.

A discrete Markov chain over good, degraded, bad and retired, its rates learnt by counting hours and smoothed by a Dirichlet prior
(the posterior mean of a multinomial row: Bishop 2006, Pattern Recognition and Machine Learning, 2.2.1).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

HOUR = 3600.0
MOST_HOURS = 24 * 365


class Health(StrEnum):
    GOOD = "good"
    DEGRADED = "degraded"
    """Something was wrong while it ran, and nobody found that it was to blame."""
    BAD = "bad"
    """It was found to blame."""
    RETIRED = "retired"
    """What it needs has moved on without it: data, dependencies, configuration."""


ORDER = tuple(Health)
PRIOR: Mapping[Health, tuple[float, float, float, float]] = MappingProxyType(
    {
        Health.GOOD: (0.9965, 0.002, 0.0005, 0.001),
        Health.DEGRADED: (0.25, 0.70, 0.04, 0.01),
        Health.BAD: (0.0, 0.0, 0.99, 0.01),
        Health.RETIRED: (0.0, 0.0, 0.0, 1.0),
    }
)
"""An hour's rates where nothing was learnt: a good version stands for months but for its surroundings (half of it in four weeks),
a degraded one comes to itself within hours, a bad one never, a retired one never. Set by hand, fitted on nothing."""
WEIGHT = 200.0
"""So many hours seen in a state count as much as its prior row."""


@dataclass(frozen=True, slots=True)
class Spell:
    """A version was in one state of health for so many seconds; spells of a version follow each other."""

    health: Health
    lasted: float


@dataclass(frozen=True, slots=True, eq=False)
class Chain:
    """`rates[i, j]`: how likely what is in `ORDER[i]` is in `ORDER[j]` an hour later. Rows sum to one."""

    rates: NDArray[np.float64]

    def after(self, seconds: float, now: Mapping[Health, float]) -> dict[Health, float]:
        """The distribution of states after some time, from one that sums to one; parts of an hour are interpolated between hours."""
        hours = min(MOST_HOURS, max(0.0, seconds / HOUR))
        whole = int(hours)
        begun = np.array([now.get(health, 0.0) for health in ORDER]) @ np.linalg.matrix_power(self.rates, whole)
        ended = begun + (hours - whole) * (begun @ self.rates - begun)
        return dict(zip(ORDER, (float(each) for each in ended), strict=True))


def learn(versions: Iterable[Iterable[Spell]], weight: float = WEIGHT) -> Chain:
    """Count hours in and between states over all versions. What was never seen keeps its prior rates."""
    counts = np.zeros((len(ORDER), len(ORDER)))
    for spells in versions:
        before: int | None = None
        for spell in spells:
            state = ORDER.index(spell.health)
            if before is not None and before != state:
                counts[before, state] += 1.0
            counts[state, state] += max(0.0, min(MOST_HOURS, spell.lasted / HOUR) - 1.0)
            before = state
    prior = np.array([PRIOR[health] for health in ORDER])
    allowed = prior > 0.0  # what cannot be (a bad version that turns good by itself) cannot be learnt either
    seen = counts * allowed
    rows = (seen + weight * prior) / (seen.sum(axis=1, keepdims=True) + weight)
    return Chain(rows)
