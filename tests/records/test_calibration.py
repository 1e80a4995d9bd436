from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.records.calibration import ENOUGH, bins, calibration_error, interval, threshold

POINTS = st.lists(st.tuples(st.floats(0, 1), st.booleans()), max_size=80)


@given(POINTS)
def test_bins_hold_every_case_once_in_order(points: list[tuple[float, bool]]):
    found = bins(points)

    assert sum(each.count for each in found) == len(points) and len(found) <= 5
    assert all(after.said >= before.said - 1e-9 for before, after in pairwise(found))
    assert sum(each.count * each.right for each in found) == pytest.approx(sum(right for _, right in points))
    assert all(each.low <= each.right + 1e-9 and each.right <= each.high + 1e-9 for each in found)


def test_what_comes_true_as_often_as_said_is_calibrated():
    points = [(0.25, place % 4 == 0) for place in range(40)] + [(0.75, place % 4 != 0) for place in range(40)]

    assert calibration_error(bins(points, 2)) == pytest.approx(0.0)
    assert calibration_error(bins([(0.9, False)] * 10)) == pytest.approx(0.9)
    assert calibration_error(bins([])) is None


@given(POINTS, st.sampled_from((0.5, 0.95)), st.integers(1, 20))
def test_from_the_threshold_on_it_was_right_often_enough(points: list[tuple[float, bool]], precision: float, least: int):
    found = threshold(points, precision, least)

    if found is not None:
        above = [right for said, right in points if said >= found]
        assert len(above) >= least and sum(above) >= precision * len(above)


def test_too_few_cases_suggest_nothing():
    assert threshold([(0.99, True)] * (ENOUGH - 1), 0.95, ENOUGH) is None
    assert threshold([(0.99, True)] * ENOUGH, 0.95, ENOUGH) == 0.99


@pytest.mark.parametrize(
    ("hits", "count", "low", "high"),
    [
        pytest.param(8, 10, 0.490, 0.943, id="eight of ten"),
        pytest.param(0, 0, 0.0, 1.0, id="none"),
        pytest.param(0, 10, 0.0, 0.278, id="never"),
    ],
)
def test_wilsons_interval(hits: int, count: int, low: float, high: float):
    assert interval(hits, count) == (pytest.approx(low, abs=1e-3), pytest.approx(high, abs=1e-3))
