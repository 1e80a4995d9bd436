from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.adapters.metrics import promql

RATIO = 'sum by (service) (rate(http_requests_total{code=~"5.."}[5m])) / sum by (service) (rate(http_requests_total[5m]))'
BURN = (
    "(job:errors:ratio_rate1h > 14.4 * 0.001 and job:errors:ratio_rate5m > 14.4 * 0.001)"
    " or (job:errors:ratio_rate6h > 6 * 0.001 and job:errors:ratio_rate30m > 6 * 0.001)"
)
RECORDED = {
    "job:errors:ratio_rate5m": "sum(rate(errors[5m])) / sum(rate(all[5m]))",
    "job:errors:ratio_rate30m": "sum(rate(errors[30m])) / sum(rate(all[30m]))",
    "job:errors:ratio_rate1h": "sum(rate(errors[1h])) / sum(rate(all[1h]))",
    "job:errors:ratio_rate6h": "sum(rate(errors[6h])) / sum(rate(all[6h]))",
}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        pytest.param(f"{RATIO} > 0.05", RATIO, id="the usual"),
        pytest.param(f"{RATIO} >= bool 5e-2", RATIO, id="bool"),
        pytest.param("0.99 > up", "up", id="constant on the left"),
        pytest.param("(rate(a[5m]) > 1)", "rate(a[5m])", id="brackets around all"),
        pytest.param("a > (0.5 * 2)", "a", id="constant arithmetic"),
        pytest.param("a > 1 < 5", "a", id="a band"),
        pytest.param("a > 1 # > 2", "a", id="a comment that looks like one"),
        pytest.param('a{x="> 5"} > 5', 'a{x="> 5"}', id="a label that looks like one"),
        pytest.param('a{x!="y"}', 'a{x!="y"}', id="a matcher is no comparison"),
        pytest.param("sum(a > 1)", "sum(a > 1)", id="a comparison inside is part of the measure"),
        pytest.param("a > b", "a > b", id="compared with another series"),
        pytest.param("absent(up)", "absent(up)", id="no threshold at all"),
        pytest.param("a > 1 and on (service) b > 2", "a", id="the first of several"),
        pytest.param("a > 1 unless on() maintenance == 1", "a", id="unless excuses, it measures nothing"),
        pytest.param("rate(a[1h]) > 2 and rate(a[5m]) > 2", "rate(a[5m])", id="same over several windows: the shortest"),
        pytest.param(BURN, "job:errors:ratio_rate5m", id="burn rate over recorded series"),
        pytest.param("", "", id="empty"),
    ],
)
def test_measure_is_the_expression_without_its_threshold(query: str, expected: str) -> None:
    assert promql.measured(query, RECORDED) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        pytest.param(RATIO, 300, id="a range"),
        pytest.param("rate(a[1h30m]) / rate(b[5m])", 5400, id="the longest of several"),
        pytest.param("max_over_time(rate(a[5m])[1h:1m])", 3900, id="a subquery adds to what is inside"),
        pytest.param("avg_over_time(max_over_time(rate(a[5m])[1h:])[2h:5m])", 7200 + 3600 + 300, id="subqueries in subqueries"),
        pytest.param("up == 0", 0, id="none"),
        pytest.param(BURN, 6 * 3600, id="inside recorded series"),
        pytest.param('a{x="[9h]"}[5m]', 300, id="a label that looks like one"),
        pytest.param("rate(a[90])", 90, id="plain seconds"),
    ],
)
def test_window_is_the_longest_look_back(query: str, expected: float) -> None:
    assert promql.window(query, RECORDED) == expected


def test_recording_rules_that_name_each_other_end() -> None:
    assert promql.window("a", {"a": "rate(b[5m])", "b": "rate(a[1h])"}) == 3600


@given(st.text(max_size=80))
@settings(max_examples=100, deadline=None)
def test_whatever_stands_there_is_only_cut(query: str) -> None:
    assert promql.measured(query, {}) in query
    assert promql.window(query, {}) >= 0


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        pytest.param("up", True, id="a name"),
        pytest.param('http_requests_total{code=~"5.."}', True, id="with matchers"),
        pytest.param("job:errors:ratio_rate5m", True, id="recorded"),
        pytest.param("rate(up[5m])", False, id="a function"),
        pytest.param("up offset 5m", False, id="of another time"),
        pytest.param("up[5m]", False, id="a range"),
        pytest.param('up{job="a"} + up{job="b"}', False, id="a sum"),
        pytest.param("1", False, id="a number"),
        pytest.param("", False, id="nothing"),
    ],
)
def test_a_selector_alone(query: str, expected: bool) -> None:
    assert promql.plain(query) is expected
