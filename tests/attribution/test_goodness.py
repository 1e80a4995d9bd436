from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.attribution.goodness import Known, best, goodness, survived
from bot.attribution.markov import HOUR, ORDER, Health, Spell, learn

NOW = 1_000_000_000.0
DAY = 24 * HOUR
spells = st.lists(st.builds(Spell, st.sampled_from(Health), st.floats(0, 1000 * HOUR)), max_size=6)


def ran(version: str, hours: float, left_hours_ago: float = 1.0, *more: Spell, **fields: str) -> Known:
    return Known(version, (Spell(Health.GOOD, hours * HOUR), *more), NOW - left_hours_ago * HOUR, **fields)


@given(st.lists(spells, max_size=5))
@settings(max_examples=50, deadline=None)
def test_rates_are_rates_and_what_is_impossible_is_never_learnt(versions: list[list[Spell]]) -> None:
    rates = learn(versions).rates

    assert np.allclose(rates.sum(axis=1), 1.0)
    assert (rates >= 0).all()
    bad, good, retired = (ORDER.index(each) for each in (Health.BAD, Health.GOOD, Health.RETIRED))
    assert rates[bad, good] == 0
    assert rates[retired, retired] == 1


def test_rates_are_learnt() -> None:
    calm = learn([[Spell(Health.GOOD, 2000 * HOUR)]])
    troubled = learn([[Spell(Health.GOOD, 10 * HOUR), Spell(Health.DEGRADED, HOUR)] * 50])
    good, degraded = ORDER.index(Health.GOOD), ORDER.index(Health.DEGRADED)

    assert calm.rates[good, good] > 0.999
    assert troubled.rates[good, degraded] > 0.05


@given(st.floats(0, 5000 * HOUR), st.floats(0, 500 * HOUR))
@settings(max_examples=50, deadline=None)
def test_a_version_that_does_not_run_only_grows_less_sure(first: float, more: float) -> None:
    chain = learn([])
    now = {Health.GOOD: 0.9, Health.BAD: 0.1}

    early, late = chain.after(first, now), chain.after(first + more, now)

    assert sum(late.values()) == pytest.approx(1.0)
    assert late[Health.GOOD] <= early[Health.GOOD] + 1e-9


def test_the_longer_it_ran_unblamed_the_likelier_it_is_good() -> None:
    chances = [survived(0.2, hours * HOUR) for hours in (0, 1, 4, 24)]

    assert chances[0] == pytest.approx(0.8)
    assert chances == sorted(chances)
    assert chances[-1] > 0.99


@pytest.mark.parametrize(
    ("known", "chosen"),
    [
        pytest.param([ran("3", 48), ran("2", 48, 49)], "3", id="alike but for the age"),
        pytest.param([ran("3", 0.2), ran("2", 48, 2)], "2", id="the previous one hardly ran"),
        pytest.param([ran("3", 48, blamed="prod-checkout-1"), ran("2", 48, 49)], "2", id="the previous one was to blame"),
        pytest.param([ran("3", 48, beyond="its schema is gone"), ran("2", 48, 49)], "2", id="across a point of no return"),
        pytest.param([ran("3", 48, 1, Spell(Health.DEGRADED, HOUR)), ran("2", 48, 50)], "2", id="the previous one left in trouble"),
        pytest.param([ran("3", 48, blamed="x"), ran("2", 48, blamed="y")], None, id="none"),
        pytest.param([], None, id="nothing is known"),
    ],
)
def test_the_target_is_the_one_most_likely_good_now(known: list[Known], chosen: str | None) -> None:
    found = best(goodness(known, NOW, failure_rate=0.2))

    assert (found.version if found else None) == chosen


def test_it_says_why() -> None:
    [blamed, fine] = goodness([ran("3", 48, blamed="prod-checkout-1"), ran("2", 48)], NOW, failure_rate=0.2)

    assert "to blame in prod-checkout-1" in blamed.why
    assert "likely good now: it ran 48 h" in fine.why
