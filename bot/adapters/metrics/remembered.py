"""Prometheus' memory of its own alerts: the series `ALERTS` and `ALERTS_FOR_STATE`, sample by sample, over any time."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from bot.adapters.metrics.prometheus import PrometheusMetrics
from bot.errors import Refused, Unavailable
from bot.refs import Instant
from bot.signals.remembered import AWAY, Episode, Remembered, episodes

FIRING, SINCE = 'ALERTS{alertstate="firing"}', "ALERTS_FOR_STATE"
DAY, LEAST = 86400.0, 3600.0
"""How much is asked for at once: a day, or less where that is more than the server answers, an hour at least."""
_OURS = ("__name__", "alertstate")


def remembered(
    metrics: PrometheusMetrics, since: Instant, until: Instant, told: Callable[[int, int], object] = lambda done, of: None
) -> tuple[Episode, ...]:
    """What fired for the first time between the two, oldest first. `told` hears how many days were read, of how many.

    What fired before `since` already is left out: when that began is not known. Raises Unavailable where the server does not answer,
    Refused where it remembers no alert in all that time.
    """
    firing: list[Remembered] = []
    held: list[Remembered] = []
    start, days = since - AWAY, max(1, round((until - since) / DAY + 0.5))
    for day in range(days):
        end = min(until, start + DAY)
        firing += _read(metrics, FIRING, start, end)
        held += _read(metrics, SINCE, start, end)
        start = end
        told(day + 1, days)
    if not firing:
        why = f"Prometheus at {metrics.shown} remembers no alert that fired in that time: it has no series {FIRING}"
        raise Refused(f"{why} (say a --since that it still remembers, or ask the Thanos or Mimir that remembers longer)")
    return tuple(each for each in episodes(firing, held, until) if each.fired >= since)


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
