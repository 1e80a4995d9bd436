"""A belief that a release is to blame × what things cost → wait, halt, roll back, shift traffic or call a person, and from which belief on.

Optimal stopping on the belief b by backward induction over the looks t = 0 … N:

    V_t(b) = min{ stop now, wait: damage of a step + E_x[V_t+1(b')] },    logit b' = logit b + x

where x is the log likelihood ratio that the next look brings: normal with mean +m where the release is to blame, -m where it is
not, and variance 2m in both cases, which is what keeps b a probability (Berger 1985, Statistical Decision Theory, 7.4;
Wald's sequential test is the case without a horizon).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from bot.policy.optimize.prices import MINUTE, Prices

Floats = NDArray[np.float64]
FARTHEST = 10.0
"""Beliefs are told apart up to this many nats from even odds: 0.00005 to 0.99995."""
GRID: Floats = np.linspace(-FARTHEST, FARTHEST, 801)
BELIEFS: Floats = 1.0 / (1.0 + np.exp(-GRID))
MOST_STEPS = 120
_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(21)
_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()


class Move(StrEnum):
    """What can be done; all but `wait` and `halt` end the waiting."""

    PAGE = "call a person"
    SHIFT = "shift traffic"
    ROLLBACK = "roll back"
    HALT = "halt the rollout"
    WAIT = "wait"


@dataclass(frozen=True, slots=True)
class Stakes:
    """What is at stake in one incident. `damage`: a minute of it now.

    `data_risk`: nobody knows whether the older version can live on today's data. `shiftable`: the older version still runs.
    `reach`: the share of the traffic, in (0, 1], that has the suspect so far; `growth`: how much more has it a minute later.
    """

    damage: float = 1.0
    data_risk: bool = False
    shiftable: bool = False
    reach: float = 1.0
    growth: float = 0.0


@dataclass(frozen=True, slots=True)
class Thresholds:
    """`act`: from this belief on acting is best, None: at none. `person`: below it calling a person is. Between them: wait."""

    person: float
    act: float | None


@dataclass(frozen=True, slots=True, eq=False)
class Solution:
    """The best move at every belief and every look. `costs[halted][t]`: each move's expected cost on the grid of beliefs.

    `halted` is the look at which the rollout was halted, None while it goes on.
    """

    steps: int
    costs: Mapping[int | None, tuple[Mapping[Move, Floats], ...]]

    def cost(self, belief: float, look: int = 0, halted: int | None = None) -> dict[Move, float]:
        """What each move that is possible costs from here on, on average, the best moves after it taken."""
        table = self.costs[halted][self._within(look)]
        return {move: float(np.interp(_logit(belief), GRID, costs)) for move, costs in table.items()}

    def best(self, belief: float, look: int = 0, halted: int | None = None) -> Move:
        costs = self.cost(belief, look, halted)
        return min(costs, key=lambda move: costs[move])

    def thresholds(self, look: int = 0, halted: int | None = None) -> Thresholds:
        """The beliefs that part the moves at a look. After the last one there is nothing to wait for: the two are one."""
        table = self.costs[halted][self._within(look)]
        moves = list(table)
        best = np.argmin(np.stack([table[move] for move in moves]), axis=0)
        pages = best == moves.index(Move.PAGE)
        acts = np.isin(best, [moves.index(move) for move in (Move.ROLLBACK, Move.SHIFT) if move in moves])
        person = 1.0 if pages.all() else float(BELIEFS[int(np.argmin(pages))])
        never = not acts[-1]
        first = 0 if acts.all() else len(acts) - int(np.argmin(acts[::-1]))
        return Thresholds(0.0 if not pages[0] else person, None if never else float(BELIEFS[first]))

    def _within(self, look: int) -> int:
        return min(max(look, 0), self.steps)


def solve(prices: Prices, stakes: Stakes = Stakes()) -> Solution:
    """Work the best moves out, from the last look back to the first."""
    steps = min(MOST_STEPS, max(0, round(prices.wait_most / prices.look_every))) if prices.look_every > 0 else 0
    partial = stakes.reach < 1.0 and stakes.growth > 0.0
    costs: dict[int | None, tuple[Mapping[Move, Floats], ...]] = {}
    for halted in range(steps + 1) if partial else ():
        costs[halted] = _induced(prices, stakes, steps, halted, {})
    values = {look: _value(costs[look][look]) for look in costs if look is not None}
    costs[None] = _induced(prices, stakes, steps, None, values)
    return Solution(steps, costs)


def moved(belief: float, nats: float) -> float:
    """The belief after evidence of that log likelihood ratio."""
    return 1.0 / (1.0 + math.exp(-min(700.0, max(-700.0, _logit(belief) + nats))))


def _induced(
    prices: Prices, stakes: Stakes, steps: int, halted: int | None, after_halt: Mapping[int, Floats]
) -> tuple[Mapping[Move, Floats], ...]:
    found: list[Mapping[Move, Floats]] = []
    later: Floats | None = None
    for look in range(steps, -1, -1):
        table = _stopping(prices, stakes, look, halted)
        if later is not None:
            minutes = prices.look_every / MINUTE
            spent = stakes.damage * minutes * (BELIEFS * _growth(prices, stakes, look, halted, minutes) + (1.0 - BELIEFS))
            table[Move.WAIT] = spent + _expected(later, prices.learning)
        if look in after_halt:
            table[Move.HALT] = prices.halt + after_halt[look]
        found.append(table)
        later = _value(table)
    return tuple(reversed(found))


def _stopping(prices: Prices, stakes: Stakes, look: int, halted: int | None) -> dict[Move, Floats]:
    """What it costs on average to stop waiting, by what is done then."""
    guilty, innocent, damage = BELIEFS, 1.0 - BELIEFS, stakes.damage

    def until(minutes: float) -> float:
        return damage * minutes * _growth(prices, stakes, look, halted, minutes)

    fixed, person, shifted = (span / MINUTE for span in (prices.fixed_in, prices.person_in, prices.shifted_in))
    called = prices.page + damage * person
    table = {Move.PAGE: prices.page + guilty * until(person) + innocent * damage * person}
    if stakes.shiftable:  # the older version takes the traffic at once, Git follows in peace
        table[Move.SHIFT] = prices.shift + guilty * (until(shifted) + prices.rollback) + innocent * (called + damage * shifted)
    back = prices.rollback + (prices.data_risk if stakes.data_risk else 0.0)
    table[Move.ROLLBACK] = back + guilty * until(fixed) + innocent * (prices.wrong_rollback + called + damage * fixed)
    return table


def _growth(prices: Prices, stakes: Stakes, look: int, halted: int | None, minutes: float) -> float:
    """How much worse than now a guilty rollout is on average over the next minutes of a look, its reach growing up to everybody."""
    at = (look if halted is None else halted) * prices.look_every / MINUTE
    begins = min(1.0, stakes.reach + stakes.growth * at)
    if halted is not None or stakes.growth <= 0.0 or minutes <= 0.0:
        return begins / stakes.reach
    growing = min(minutes, (1.0 - begins) / stakes.growth)
    area = begins * minutes + stakes.growth * growing * (minutes - growing / 2.0)
    return area / minutes / stakes.reach


def _expected(later: Floats, learning: float) -> Floats:
    """E_x[V(b')], by Gauss-Hermite quadrature over x for either truth, mixed by the belief in each."""
    spread = math.sqrt(2.0 * max(0.0, learning))
    return BELIEFS * _mean(later, learning, spread) + (1.0 - BELIEFS) * _mean(later, -learning, spread)


def _mean(later: Floats, mean: float, spread: float) -> Floats:
    moved_to = GRID[:, None] + mean + spread * _NODES[None, :]
    result: Floats = np.interp(moved_to, GRID, later) @ _WEIGHTS
    return result


def _value(table: Mapping[Move, Floats]) -> Floats:
    result: Floats = np.min(np.stack(list(table.values())), axis=0)
    return result


def _logit(belief: float) -> float:
    inside = min(max(belief, 1e-12), 1.0 - 1e-12)
    return min(FARTHEST, max(-FARTHEST, math.log(inside) - math.log1p(-inside)))
