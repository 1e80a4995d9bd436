"""When a window is open, over weeks and changes of the clock."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.policy.windows import Window, closed
from bot.refs import ServiceRef

BERLIN = ZoneInfo("Europe/Berlin")
WEEKEND = Window(cron="0 18 * * FRI", lasts=62 * 3600.0, timezone="Europe/Berlin")
NIGHTLY = Window(cron="30 2 * * *", lasts=3600.0, timezone="Europe/Berlin")


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).timestamp()


@pytest.mark.parametrize(
    ("window", "now", "until"),
    [
        pytest.param(WEEKEND, "2026-03-13T17:59:59", None, id="a second before"),
        pytest.param(WEEKEND, "2026-03-13T18:00:00", "2026-03-16T08:00:00", id="as it opens"),
        pytest.param(WEEKEND, "2026-03-16T07:59:59", "2026-03-16T08:00:00", id="the last second"),
        pytest.param(WEEKEND, "2026-03-16T08:00:00", None, id="as it ends"),
        pytest.param(WEEKEND, "2026-03-30T08:30:00", "2026-03-30T09:00:00", id="62 hours over a lost one"),
        pytest.param(NIGHTLY, "2026-03-29T03:10:00", "2026-03-29T04:00:00", id="a time that the clock skips"),
        pytest.param(NIGHTLY, "2026-03-28T12:00:00", None, id="at noon"),
        pytest.param(Window(), "2026-03-28T12:00:00", None, id="a window without times"),
        pytest.param(Window(cron="0 0 29 2 MON", lasts=3600.0), "2026-03-28T12:00:00", None, id="rarely"),
    ],
)
def test_a_window_is_open_until(window, now, until):
    assert window.closes(at(now)) == (None if until is None else at(until))


@given(st.integers(0, 2**31), st.sampled_from(["*/5 * * * *", "0 3 * * *", "0 18 * * FRI", "0 0 1 * *"]), st.integers(1, 10**6))
def test_what_is_open_ends_within_its_length(now, cron, lasts):
    until = Window(cron=cron, lasts=float(lasts), timezone="Europe/Berlin").closes(float(now))

    assert until is None or now < until <= now + lasts


def test_the_longest_of_several_counts():
    short, long = Window(("prod",), start=0.0, end=10.0), Window(services=("check*",), start=0.0, end=20.0)

    assert closed([short, long], ServiceRef("r", "prod", "checkout"), ["prod"], 5.0) == (long, 20.0)
    assert closed([short, long], ServiceRef("r", "prod", "search"), (), 5.0) == (short, 10.0)
    assert closed([short, long], ServiceRef("r", "dev", "search"), (), 5.0) is None
