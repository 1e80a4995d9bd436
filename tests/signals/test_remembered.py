from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from bot.signals.alertmanager import parse
from bot.signals.remembered import Remembered, episodes, payload
from bot.signals.signal import Status

LABELS = {"alertname": "HighErrorRate", "service": "checkout"}
START = 1_790_000_000.0
STEP = 15.0


def series(*spans: tuple[float, float], labels: dict[str, str] = LABELS) -> Remembered:
    times = tuple(START + begin + STEP * count for begin, end in spans for count in range(int((end - begin) / STEP)))
    return Remembered(labels, times, tuple(1.0 for _ in times))


def since(begin: float, end: float, value: float) -> Remembered:
    times = series((begin, end)).times
    return Remembered(LABELS, times, tuple(value for _ in times))


def test_an_episode_begins_when_its_condition_held():
    found = episodes([series((300, 900))], [since(240, 900, START + 240)], START + 90000)

    [one] = found
    assert (one.pending, one.fired, one.ended) == (START + 240, START + 300, START + 900)
    assert [one.active(START + at) for at in (200, 250, 890, 900)] == [False, True, True, False]


def test_what_is_away_for_long_is_another_episode_and_what_ends_with_the_memory_goes_on():
    found = episodes([series((0, 600), (1200, 1800))], [], START + 1800)

    assert [(one.fired - START, one.ended and one.ended - START) for one in found] == [(0, 600), (1200, None)]


def test_a_restart_is_no_end():
    assert len(episodes([series((0, 600), (780, 1800))], [], START + 90000)) == 1


def test_nonsense_about_since_when_is_not_believed():
    ahead, nan = since(0, 600, START + 9000), since(0, 600, float("nan"))

    assert [one.pending for one in episodes([series((0, 600))], [ahead, nan], START + 90000)] == [START]


def test_it_is_told_as_alertmanager_tells_it():
    [one] = episodes([series((300, 900))], [], START + 90000)

    [firing] = parse(payload(one, resolved=False), START + 330)
    [over] = parse(payload(one, resolved=True), START + 930)

    assert (firing.name, firing.status, firing.started_at, dict(firing.labels)) == ("HighErrorRate", Status.FIRING, START + 300, LABELS)
    assert (over.status, over.ended_at, over.instance) == (Status.RESOLVED, START + 900, firing.instance)


@given(st.lists(st.integers(0, 5000), min_size=1, max_size=60))
def test_episodes_hold_every_sample_once_and_lie_apart(offsets: list[int]):
    times = tuple(START + offset for offset in sorted(set(offsets)))

    found = episodes([Remembered(LABELS, times, times)], [], START + 90000)

    assert all(sum(one.fired <= at and (one.ended is None or at < one.ended) for one in found) == 1 for at in times)
    assert all(after.fired - (before.ended or 0) > 0 for before, after in itertools.pairwise(found))
