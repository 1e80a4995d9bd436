"""The pieces of evidence one by one: two versions side by side, what was touched, what is logged, what a metric's name says, steps."""

from __future__ import annotations

from dataclasses import replace
from math import nan

import numpy as np
import pytest

from bot.attribution.changepoint import steps
from bot.attribution.complaints import fresh, outside
from bot.attribution.contrast import bayes_factor, contrast, e_value
from bot.attribution.delay import fit, onsets
from bot.attribution.evidence import Candidate, Count, Evidence, Kind, LogLine, Series, SideBySide, Touched, TrackRecord
from bot.attribution.fitted import SHIPPED
from bot.attribution.grid import grids
from bot.attribution.kinds import kind_of
from bot.attribution.parameters import Byhand, Delays
from bot.attribution.prior import rate
from bot.attribution.standing import stand
from bot.attribution.touched import of_change, takes_away
from tests.attribution.scenes import NOW, STEP, alert, series

BYHAND = Byhand()


def test_bayes_factor_by_counting() -> None:
    """Against a sum over a fine grid of both rates."""
    rates = (np.arange(400) + 0.5) / 400
    new, old = rates**6 * (1 - rates) ** 14, rates**1 * (1 - rates) ** 29
    higher = np.triu(np.ones((400, 400)), 1).T + 0.5 * np.eye(400)  # new above old
    worse, better = (2 * (which * np.outer(new, old)).sum() / 400**2 for which in (higher, higher.T))
    equal = (new * old).sum() / 400

    assert bayes_factor(6, 20, 1, 30) == pytest.approx(np.log(worse / ((equal + better) / 2)), abs=0.02)


def test_looking_every_minute_seldom_proves_what_is_not_there() -> None:
    """At most 1 % of runs of two equal versions may ever be called proven (alpha .01), however often one looks."""
    random, alarms, runs = np.random.default_rng(7), 0, 400
    for _ in range(runs):
        seen = [((int(random.binomial(50, 0.1)), 50), (int(random.binomial(150, 0.1)), 150)) for _ in range(30)]
        alarms += any(e_value(seen[:until]) >= -np.log(BYHAND.false_alarm) for until in range(1, 31))

    assert alarms / runs <= BYHAND.false_alarm


@pytest.mark.parametrize(
    ("new", "old", "least", "most"),
    [
        pytest.param([Count(30, 100)] * 3, [Count(1, 100)] * 3, 4.9, 5.0, id="far worse"),
        pytest.param([Count(2, 4)], [Count(0, 4)], 0.0, 1.0, id="worse, too little to be sure"),
        pytest.param([Count(5, 500)] * 3, [Count(5, 500)] * 3, -5.0, -0.5, id="alike"),
    ],
)
def test_side_by_side(new: list[Count], old: list[Count], least: float, most: float) -> None:
    term = contrast(SideBySide("x", tuple(new), tuple(old)), BYHAND)

    assert term is not None
    assert least <= term.nats <= most


def test_versions_that_served_nothing_say_nothing() -> None:
    assert contrast(SideBySide("x", (Count(0, 0),), (Count(3, 10),)), BYHAND) is None


def test_delay_peaks_after_the_release_and_never_before_it() -> None:
    began = onsets(alert(), STEP, SHIPPED.delays)
    by_age = {age: fit(NOW - age, began, SHIPPED.delays) for age in (-600.0, 0.0, 500.0, 3600.0, 6 * 24 * 3600.0)}

    assert max(by_age, key=lambda age: by_age[age]) == 500.0
    assert by_age[500.0] > by_age[3600.0] > by_age[6 * 24 * 3600.0] > by_age[-600.0]


def test_delay_is_a_density() -> None:
    delays = Delays()
    ages = np.exp(np.linspace(np.log(0.5), np.log(delays.window), 4000))
    sharp = (np.array([NOW]), np.array([1.0]))
    found = np.exp([fit(NOW - age, sharp, delays) for age in ages]) / 3600

    assert float(np.trapezoid(found, ages)) == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize(
    ("candidate", "expected"),
    [
        pytest.param(Candidate("x", "web", NOW), 0.1, id="nothing known"),
        pytest.param(Candidate("x", "web", NOW, record=TrackRecord(10, 10)), 0.3, id="half of twenty failed"),
        pytest.param(Candidate("x", "web", NOW, prior=0.25), 0.25, id="the caller knows"),
        pytest.param(Candidate("x", "web", NOW, prior=nan), 0.1, id="the caller knows nothing"),
    ],
)
def test_change_failure_rate(candidate: Candidate, expected: float) -> None:
    assert rate(candidate, BYHAND) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("diff", "expected"),
    [
        pytest.param("-\tl.mu.Lock()\n-\tdefer l.mu.Unlock()\n \tcounts++", True, id="a lock"),
        pytest.param("-if answer == nil {\n-  return fallback\n-}\n-return answer.Status\n+return answer.Status", True, id="a guard"),
        pytest.param("-timeout: 30\n+timeout: 5", False, id="a value"),
        pytest.param("+retry(answer)", False, id="only more"),
        pytest.param("", False, id="nothing"),
    ],
)
def test_takes_away(diff: str, expected: bool) -> None:
    assert takes_away(Touched(("a.go",), diff)) is expected


def test_a_file_that_the_new_errors_name_is_told() -> None:
    touched, other = (
        Candidate(key, "pay", NOW, touched=Touched((path,), "-a\n+b")) for key, path in (("x", "src/charge.go"), ("y", "src/menu.go"))
    )
    lines = (LogLine(NOW, "pay", "panic at charge.go:118 readResult", True),)

    named = of_change(touched, (touched, other), lines, "", BYHAND)
    unnamed = of_change(other, (touched, other), lines, "", BYHAND)

    assert [(term.name, term.nats) for term in named] == [("words", BYHAND.words)]
    assert unnamed == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("POST https://api.bank.example/v1 returned 503", BYHAND.outside, id="a stranger's host"),
        pytest.param("GET http://cart.shop.svc/items returned 503", 0.0, id="a host of ours"),
        pytest.param("invalid record offset=812 partition=3", BYHAND.outside, id="one record again and again"),
        pytest.param("throttling container web on node n1, MemoryPressure", BYHAND.outside, id="the node"),
        pytest.param("panic: nil pointer", 0.0, id="its own fault"),
    ],
)
def test_outside(text: str, expected: float) -> None:
    lines = tuple(LogLine(NOW - at, "web", text, True) for at in range(6))

    assert sum(term.nats for term in outside("web", lines, ("web", "cart"), BYHAND)) == pytest.approx(expected)


def test_what_was_logged_before_is_no_news() -> None:
    lines = tuple(
        LogLine(when, "web", text, True) for when, text in ((NOW - 4000, "slow 17"), (NOW, "slow 99"), (NOW, "new"), (NOW + 99, "late"))
    )

    assert [line.text for line in fresh(Evidence(alert(), (), logs=lines), NOW)] == ["new"]


@pytest.mark.parametrize(
    ("metric", "kind"),
    [
        ("http_requests_failed_total", Kind.ERRORS),
        ("http_server_duration_p99_ms", Kind.LATENCY),
        ("request_success_ratio", Kind.AVAILABILITY),
        ("container_cpu_usage_cores", Kind.RESOURCE),
        ("http_requests_per_second", Kind.TRAFFIC),
        ("flux_capacitance", None),
    ],
)
def test_kind_of(metric: str, kind: Kind | None) -> None:
    assert kind_of(metric) is kind


@pytest.mark.parametrize(
    ("one", "red"),
    [
        pytest.param(series("web", 8.0), True, id="latency up"),
        pytest.param(series("web", 0.2), False, id="latency down is good"),
        pytest.param(series("web", 0.9, Kind.AVAILABILITY), True, id="availability down"),
        pytest.param(series("web", 8.0, bad=1), True, id="one bad sample"),
        pytest.param(series("web", 8.0, bad=20), False, id="bad for long: no news"),
        pytest.param(series("web", bad=0), False, id="calm"),
    ],
)
def test_steps(one: Series, red: bool) -> None:
    (grid,) = grids((one,), {"web": 0})

    found = steps(grid, (NOW - 6 * STEP, NOW))

    assert bool(found.score[0] > 1.0) is red
    if red:
        assert NOW - 4 * STEP <= found.began[0] <= NOW


def test_an_alert_that_fired_late_still_finds_the_onset() -> None:
    """It held for twelve steps before it fired: the change point is searched about when it began."""
    evidence = Evidence(replace(alert("web"), first_breach_at=NOW - 12 * STEP), (), (series("web", 8.0, bad=13),))

    found = stand(evidence)

    assert found.own("web") > 1.0
    assert found.began[found.rows["web"]] == pytest.approx(NOW - 12.5 * STEP)


def test_a_grid_bears_gaps_disorder_and_clocks_apart() -> None:
    times = (NOW, NOW - 60, NOW - 240.4, NOW - 180.2, nan)
    (grid,) = grids(
        (Series("web", "m", Kind.LATENCY, times, (5.0, nan, 1.0, 2.0, 9.0)), replace(series("cart"), metric="m")), {"web": 0, "cart": 1}
    )

    assert grid.step == 60
    assert grid.values[0, -5:].tolist() == pytest.approx([1.0, 2.0, nan, nan, 5.0], nan_ok=True)
    assert np.isfinite(grid.values[1]).all()


def test_fine_samples_are_taken_together() -> None:
    times = tuple(NOW - 10 * at for at in range(12))
    (counts,) = grids((Series("web", "e", Kind.ERRORS, times, (1.0,) * 12),), {"web": 0})
    (ratios,) = grids((Series("web", "l", Kind.LATENCY, times, (0.5,) * 12),), {"web": 0})

    assert (counts.step, counts.values[0].tolist()) == (30, [3.0] * 4)
    assert ratios.values[0].tolist() == [0.5] * 4
