"""Prometheus' memory of what fired, over any time: its series `ALERTS` and `ALERTS_FOR_STATE`, and the configuration's own queries."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence

from bot.adapters.metrics.prometheus import PrometheusMetrics
from bot.errors import Unavailable
from bot.incidents.rules import QueryRule
from bot.refs import Instant
from bot.signals.remembered import AWAY, Episode, Remembered, episodes, polled

FIRING, SINCE = 'ALERTS{alertstate="firing"}', "ALERTS_FOR_STATE"
DAY, LEAST = 86400.0, 3600.0
"""How much is asked for at once: a day, or less where that is more than the server answers, an hour at least."""
STEP, SWEEP = 30.0, 15.0
"""Queries of the configuration are asked every half minute, as sweeps do; on the average one comes so many seconds late."""
_OURS = ("__name__", "alertstate")


def remembered(
    metrics: PrometheusMetrics,
    since: Instant,
    until: Instant,
    rules: Sequence[QueryRule] = (),
    told: Callable[[int, int], object] = lambda done, of: None,
) -> tuple[Episode, ...]:
    """What fired for the first time between the two, oldest first: alerts of the server's, and what `rules` of the configuration answer.

    `told` hears how many days were read, of how many. What fired before `since` already is left out: when that began is not known.
    Raises Unavailable where the server does not answer.
    """
    firing, held = list[Remembered](), list[Remembered]()
    asked: list[list[Remembered]] = [[] for _ in rules]
    start, days = since - AWAY, math.ceil((until - since + AWAY) / DAY)
    for day in range(days):
        end = min(until, start + DAY)
        firing += _read(metrics, FIRING, start, end)
        held += _read(metrics, SINCE, start, end)
        for place, rule in enumerate(rules):
            asked[place] += _answered(metrics, rule, start, end)
        start = end
        told(day + 1, days)
    own = (each for place, rule in enumerate(rules) for each in polled(_joined(asked[place]), rule.after, SWEEP, until))
    found = sorted((*episodes(firing, held, until), *own), key=lambda each: each.fired)
    return tuple(each for each in found if each.fired >= since)


def _answered(metrics: PrometheusMetrics, rule: QueryRule, start: Instant, end: Instant) -> Iterator[Remembered]:
    for labels, points in metrics.grid(rule.expr, start, end, STEP) if end > start else ():
        named = {name: text for name, text in labels.items() if name != "__name__"} | {**rule.labels, "alertname": rule.name}
        yield Remembered(named, tuple(at for at, _ in points), tuple(value for _, value in points))


def _joined(parts: Iterable[Remembered]) -> Iterator[Remembered]:
    """One series each, out of the days that it was read in."""
    whole: dict[tuple[tuple[str, str], ...], dict[Instant, float]] = {}
    for one in parts:
        whole.setdefault(tuple(sorted(one.labels.items())), {}).update(zip(one.times, one.values, strict=True))
    return (Remembered(dict(labels), tuple(points), tuple(points.values())) for labels, points in whole.items())


def _read(metrics: PrometheusMetrics, what: str, start: Instant, end: Instant) -> Iterator[Remembered]:
    """The samples of a series between the two; asked for in halves where that was too much at once."""
    span = end - start
    if span <= 0:
        return
    try:
        found = metrics.matrix(f"{what}[{int(span + 0.999)}s]", end)
    except Unavailable:
        if span <= LEAST:
            raise
        yield from _read(metrics, what, start, start + span / 2)
        yield from _read(metrics, what, start + span / 2, end)
        return
    for labels, points in found:
        own = {name: text for name, text in labels.items() if name not in _OURS}
        yield Remembered(own, tuple(at for at, _ in points), tuple(value for _, value in points))
