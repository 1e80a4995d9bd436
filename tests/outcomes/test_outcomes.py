"""Not arrived, too early, recovered, no help, nobody can tell: five different answers."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.outcomes.recovery import Evidence, Lines, NoHelp, Recovered, Unproven, Waiting, judge
from bot.outcomes.rules import OutcomeRules
from bot.outcomes.sync import Applied, Arrived, NotYet, arrival

RULES = OutcomeRules(arrive_within=900, settle=60, soak=300, alert_window=600, min_samples=3, give_up=7200)


@pytest.mark.parametrize(
    ("now", "applied", "expected"),
    [
        pytest.param(130.0, Applied(True, 120.0, True), Arrived(120.0, ""), id="runs ours, healthy"),
        pytest.param(130.0, Applied(True, 120.0, None), Arrived(120.0, ""), id="runs ours, health unknown"),
        pytest.param(130.0, Applied(True, 90.0, True), Arrived(100.0, ""), id="never before the merge"),
        pytest.param(130.0, Applied(True, 120.0, False), NotYet(190.0, ""), id="runs ours, not healthy"),
        pytest.param(130.0, Applied(False, 50.0, True), NotYet(190.0, ""), id="runs something else"),
        pytest.param(1000.0, Applied(False, 50.0, True), NotYet(1060.0, "", late=True), id="late"),
        pytest.param(7300.0, Applied(False, 50.0, True), NotYet(7360.0, "", late=True, lost=True), id="lost"),
        pytest.param(7300.0, Applied(None, None, None), NotYet(7360.0, "", late=True, lost=True), id="the cluster did not answer for long"),
        pytest.param(130.0, None, NotYet(160.0, ""), id="nobody can tell, early"),
        pytest.param(160.0, None, Arrived(160.0, ""), id="nobody can tell, after a while"),
    ],
)
def test_arrival(now: float, applied: Applied | None, expected: Arrived | NotYet) -> None:
    match arrival(now, 100.0, applied, RULES):
        case Arrived(at=at):
            assert isinstance(expected, Arrived) and at == expected.at
        case NotYet(until=until, late=late, lost=lost):
            assert isinstance(expected, NotYet) and (until, late, lost) == (expected.until, expected.late, expected.lost)


def seen(
    now: float, quiet: float | None = None, firing: bool | None = True, every: float | None = 15.0, window: float | None = 600.0
) -> Evidence:
    """Since it arrived at 1000, a sample `every` so many seconds."""
    times = [] if every is None else [1000.0 + every * n for n in range(int((now - 1000) / every) + 1)]
    return Evidence(now, 1000.0, window, quiet, firing, tuple((at, 0.5) for at in times))


@pytest.mark.parametrize(
    ("evidence", "verdict"),
    [
        pytest.param(seen(1100.0), Waiting, id="fires, inside its window"),
        pytest.param(seen(1659.0), Waiting, id="fires, still inside its window"),
        pytest.param(seen(1660.0), NoHelp, id="fires, longer than it looks back"),
        pytest.param(seen(1660.0, window=None), NoHelp, id="window unknown: the configured one"),
        pytest.param(seen(1660.0, every=None), Waiting, id="fires, without samples"),
        pytest.param(seen(8200.0, every=None), Unproven, id="fires, without samples for too long"),
        pytest.param(seen(8200.0, firing=None, every=None), Unproven, id="not resolved, no metrics at all"),
        pytest.param(seen(1300.0, quiet=1200.0, firing=False), Waiting, id="quiet, not long enough"),
        pytest.param(seen(1500.0, quiet=1200.0, firing=False), Recovered, id="quiet through the soak"),
        pytest.param(seen(1300.0, quiet=900.0, firing=False), Waiting, id="the soak begins when pods had time"),
        pytest.param(seen(1500.0, quiet=1200.0, firing=False, every=None), Waiting, id="quiet, but no data: never recovery"),
        pytest.param(seen(8200.0, quiet=1200.0, firing=False, every=None), Unproven, id="quiet, no data for too long"),
        pytest.param(seen(8200.0, quiet=1200.0, firing=None), Unproven, id="resolved, nobody confirms"),
        pytest.param(seen(1500.0, quiet=1200.0, firing=True), Waiting, id="said to be resolved, but it fires"),
    ],
)
def test_recovery(evidence: Evidence, verdict: type) -> None:
    assert isinstance(judge(evidence, RULES), verdict)


def test_values_that_are_no_numbers_are_no_evidence() -> None:
    nothing = Evidence(1500.0, 1000.0, 600.0, 1100.0, False, tuple((1400.0 + n, math.nan) for n in range(50)))

    assert isinstance(judge(nothing, RULES), Waiting)


@settings(max_examples=100, deadline=None)
@given(
    now=st.floats(1000, 20_000),
    quiet=st.none() | st.floats(0, 20_000),
    firing=st.sampled_from([True, False, None]),
    at=st.lists(st.floats(1000, 20_000), max_size=8),
)
def test_waiting_always_ends_and_recovery_always_has_evidence(
    now: float, quiet: float | None, firing: bool | None, at: list[float]
) -> None:
    quiet = None if quiet is None or quiet > now else quiet
    evidence = Evidence(now, 1000.0, 600.0, quiet, firing, tuple((t, 1.0) for t in sorted(at) if t <= now))

    match judge(evidence, RULES):
        case Waiting(until=until):
            assert until > now
        case Recovered():
            assert quiet is not None and firing is False and len([t for t, _ in evidence.samples if t >= quiet]) >= RULES.min_samples
        case NoHelp():
            assert firing is True and now >= 1660.0
        case Unproven():
            assert now >= 1000.0 + RULES.give_up


def lines(before: float, after: float, count: int = 5) -> Lines:
    return Lines(tuple((n, before) for n in range(count)), tuple((1400.0 + 10 * n, after) for n in range(count)))


@pytest.mark.parametrize(
    ("now", "said", "verdict"),
    [
        pytest.param(1500.0, lines(3, 3), Recovered, id="error lines are where they were"),
        pytest.param(1500.0, lines(3, 40), Waiting, id="error lines are still above"),
        pytest.param(8200.0, Lines(lines(3, 0).before, tuple((8000.0 + n, 40.0) for n in range(9))), Unproven, id="above for too long"),
        pytest.param(1500.0, lines(3, 40, 2), Recovered, id="too few samples say nothing"),
        pytest.param(1500.0, lines(math.nan, 40), Recovered, id="no numbers before say nothing"),
        pytest.param(1500.0, Lines((), ()), Recovered, id="no lines say nothing"),
    ],
)
def test_error_lines_may_hold_back_a_recovery_and_do_nothing_else(now: float, said: Lines, verdict: type) -> None:
    assert isinstance(judge(replace(seen(now, quiet=1200.0, firing=False), lines=said), RULES), verdict)
    assert judge(replace(seen(1660.0), lines=said), RULES) == judge(seen(1660.0), RULES)
