from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.policy.optimize.dp import Move, Solution, Stakes, moved, solve
from bot.policy.optimize.prices import Prices

MANY = 20_000
WORKED = Prices()
"""The defaults are those of the worked example: without a horizon in sight, page below .24, roll back above .88."""

prices = st.builds(
    Prices,
    rollback=st.floats(0, 30),
    wrong_rollback=st.floats(0, 60),
    page=st.floats(0, 30),
    fixed_in=st.floats(0, 900),
    person_in=st.floats(0, 3600),
    wait_most=st.sampled_from((0.0, 60.0, 180.0, 300.0)),
    learning=st.floats(0, 2),
)
raised = st.floats(0, 40)


def simulate(belief: float, paying: Prices, stakes: Stakes, choose: Callable[[float, int], Move], seed: int) -> np.ndarray:
    """Play many incidents of one belief through: whether the release did it, what each look shows, what it cost in the end."""
    draw = np.random.default_rng(seed)
    totals = np.zeros(MANY)
    steps = round(paying.wait_most / paying.look_every)
    for play in range(MANY):
        guilty, now, cost = draw.random() < belief, belief, 0.0
        for look in range(steps + 1):
            move = choose(now, look)
            if move is not Move.WAIT:
                totals[play] = cost + _ends(move, guilty, paying, stakes)
                break
            cost += stakes.damage * paying.look_every / 60
            mean = paying.learning if guilty else -paying.learning
            now = moved(now, draw.normal(mean, math.sqrt(2 * paying.learning)))
    return totals


def _ends(move: Move, guilty: bool, paying: Prices, stakes: Stakes) -> float:
    called = paying.page + stakes.damage * paying.person_in / 60
    if move is Move.PAGE:
        return called
    if guilty:
        return paying.rollback + stakes.damage * paying.fixed_in / 60
    return paying.rollback + paying.wrong_rollback + called + stakes.damage * paying.fixed_in / 60


@pytest.mark.parametrize("belief", [0.1, 0.3, 0.5, 0.7, 0.95])
def test_what_it_says_it_costs_is_what_playing_it_costs(belief: float) -> None:
    solution = solve(WORKED)

    played = simulate(belief, WORKED, Stakes(), solution.best, seed=round(belief * 100))

    said = min(solution.cost(belief).values())
    assert abs(played.mean() - said) < 4 * played.std() / math.sqrt(MANY) + 0.02


@pytest.mark.parametrize(
    "choose",
    [
        pytest.param(lambda belief, look: Move.PAGE, id="never"),
        pytest.param(lambda belief, look: Move.ROLLBACK, id="always"),
        pytest.param(lambda belief, look: Move.ROLLBACK if belief >= 0.5 else Move.PAGE, id="at even odds"),
        pytest.param(lambda belief, look: Move.WAIT if look < 5 else Move.ROLLBACK if belief >= 0.5 else Move.PAGE, id="late"),
    ],
)
def test_no_simpler_way_costs_less(choose: Callable[[float, int], Move]) -> None:
    for belief in (0.15, 0.5, 0.8):
        played = simulate(belief, WORKED, Stakes(), choose, seed=7)

        assert min(solve(WORKED).cost(belief).values()) <= played.mean() + 4 * played.std() / math.sqrt(MANY) + 0.02


def test_the_worked_example() -> None:
    first, last = solve(WORKED).thresholds(0), solve(WORKED).thresholds(5)

    assert first.person == pytest.approx(0.25, abs=0.02)
    assert first.act == pytest.approx(0.88, abs=0.02)
    assert last.person == last.act == pytest.approx(25 / 39, abs=0.01)  # 6 + 4b + 43(1-b) = 4 + 20


def test_unknown_data_is_never_touched_alone() -> None:
    assert solve(WORKED, Stakes(data_risk=True)).thresholds().act is None
    assert solve(WORKED, Stakes(data_risk=True)).best(0.999) is Move.PAGE


def test_traffic_goes_to_the_version_that_still_runs_before_git_is_touched() -> None:
    assert solve(WORKED, Stakes(shiftable=True)).best(0.9) is Move.SHIFT


def test_a_rollout_that_spreads_is_halted_where_one_that_is_everywhere_is_waited_with() -> None:
    spreading = solve(WORKED, Stakes(reach=0.1, growth=0.1))

    assert spreading.best(0.5) is Move.HALT
    assert spreading.best(0.5, halted=0) is not Move.HALT
    assert solve(WORKED).best(0.5) is Move.WAIT


def test_without_time_to_wait_there_is_one_threshold() -> None:
    found = solve(replace(WORKED, wait_most=0.0)).thresholds()

    assert found.act == found.person


@given(prices, raised)
@settings(max_examples=25, deadline=None)
def test_dearer_mistakes_never_lower_the_bar(paying: Prices, more: float) -> None:
    cheap, dear = _acts(solve(paying)), _acts(solve(replace(paying, wrong_rollback=paying.wrong_rollback + more)))

    assert dear >= cheap - 1e-9


@given(prices, raised)
@settings(max_examples=25, deadline=None)
def test_data_at_risk_never_lowers_the_bar(paying: Prices, risk: float) -> None:
    paying = replace(paying, data_risk=risk)

    assert _acts(solve(paying, Stakes(data_risk=True))) >= _acts(solve(paying)) - 1e-9


@given(prices, st.floats(0, 1), st.integers(0, 5))
@settings(max_examples=40, deadline=None)
def test_the_moves_are_parted_by_the_thresholds(paying: Prices, belief: float, look: int) -> None:
    solution = solve(paying)
    found = solution.thresholds(look)
    near = 0.02

    best = solution.best(belief, look)

    if best is Move.PAGE:
        assert belief <= found.person + near
    if best is Move.ROLLBACK:
        assert found.act is not None
        assert belief >= found.act - near
    if best is Move.WAIT:
        assert found.person - near <= belief
        assert found.act is None or belief <= found.act + near


@given(prices, st.floats(0, 1), raised)
@settings(max_examples=25, deadline=None)
def test_more_time_and_cheaper_pages_never_cost_more(paying: Prices, belief: float, more: float) -> None:
    cost = min(solve(paying).cost(belief).values())

    longer = min(solve(replace(paying, wait_most=paying.wait_most + 60)).cost(belief).values())
    dearer = min(solve(replace(paying, page=paying.page + more)).cost(belief).values())

    assert longer <= cost + 1e-6
    assert dearer >= cost - 1e-6


def test_damage_goes_by_severity_and_is_never_nothing() -> None:
    paying = Prices(damage={"Critical": 3.0, "*": 0.0})

    assert paying.of("critical") == 3.0
    assert paying.of("") > 0


def _acts(solution: Solution) -> float:
    act = solution.thresholds().act
    return 1.0 if act is None else act
