"""What a time series database remembers of alerts → episodes, each told as Alertmanager told it then."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.refs import Instant
from bot.signals.alertmanager import SOURCE as ALERTMANAGER
from bot.signals.payload import digest
from bot.signals.polled import SOURCE as PROMETHEUS

AWAY = 300.0
"""Away for so many seconds or less, it goes on: Prometheus was started anew, or Alertmanager would have said nothing of it."""
STEP = 15.0
"""How far apart rules are evaluated, where a series has only one sample."""
TOLD_AFTER = 30.0
"""Alertmanager's default `group_wait`: https://prometheus.io/docs/alerting/latest/configuration/#route."""
NEVER = "0001-01-01T00:00:00Z"


@dataclass(frozen=True, slots=True)
class Remembered:
    """One series of `ALERTS` or `ALERTS_FOR_STATE`, under the alert's own labels: when it was seen, oldest first, and its values then.

    https://prometheus.io/docs/prometheus/latest/configuration/alerting_rules/#inspecting-alerts-during-runtime; the value of
    `ALERTS_FOR_STATE` is since when the alert's condition holds, in seconds since 1970 (rules/alerting.go).
    """

    labels: Mapping[str, str]
    times: tuple[Instant, ...]
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Episode:
    """One alert instance from start to end. `pending` is since when its condition held, `ended` None where it fires still.

    `source` tells of it, `after` seconds after it fired.
    """

    labels: Mapping[str, str]
    pending: Instant
    fired: Instant
    ended: Instant | None
    source: str = ALERTMANAGER
    after: float = TOLD_AFTER

    @property
    def name(self) -> str:
        return self.labels.get("alertname", "")

    def active(self, at: Instant) -> bool:
        """Whether it was pending or firing then."""
        return self.pending <= at and (self.ended is None or at < self.ended)


def episodes(firing: Iterable[Remembered], since: Iterable[Remembered], until: Instant) -> tuple[Episode, ...]:
    """Join what fired, and since when, into episodes in the order in which they fired. `until`: how far the memory was looked through."""
    held: dict[tuple[tuple[str, str], ...], list[tuple[Instant, float]]] = {}
    for one in since:
        held.setdefault(_key(one.labels), []).extend(zip(one.times, one.values, strict=True))
    told: dict[tuple[tuple[str, str], ...], set[Instant]] = {}
    for one in firing:
        told.setdefault(_key(one.labels), set()).update(one.times)
    found = [
        Episode(dict(key), min(_pending(held.get(key, ()), start, end), start), start, None if end + AWAY >= until else end)
        for key, times in told.items()
        if times
        for start, end in _runs(sorted(times))
    ]
    return tuple(sorted(found, key=lambda each: (each.fired, _key(each.labels))))


def polled(series: Iterable[Remembered], after: float, sweep: float, until: Instant) -> tuple[Episode, ...]:
    """The same of what a query of the configuration answered: a series that is there for `after` seconds is an alert.

    The sweep that finds it comes `sweep` seconds later, as it may.
    """
    found = [
        Episode(dict(one.labels), start, start, None if end + AWAY >= until else end, PROMETHEUS, after + sweep)
        for one in series
        if one.times
        for start, end in _runs(sorted(one.times))
        if end - start >= after
    ]
    return tuple(sorted(found, key=lambda each: (each.fired, _key(each.labels))))


def payload(episode: Episode, resolved: bool) -> bytes:
    """The body by which Alertmanager's webhook (version 4) tells of it."""
    status = "resolved" if resolved else "firing"
    labels = dict(episode.labels)
    alert = {
        "status": status,
        "labels": labels,
        "annotations": {},
        "startsAt": _written(episode.fired),
        "endsAt": _written(episode.ended) if resolved and episode.ended is not None else NEVER,
        "generatorURL": "",
        "fingerprint": digest(*(f"{name}={text}" for name, text in sorted(labels.items())))[:16],
    }
    whole = {"version": "4", "groupKey": f"{{}}:{{{episode.name}}}", "truncatedAlerts": 0, "status": status, "receiver": "rollbot"}
    return json.dumps({**whole, "groupLabels": {}, "commonLabels": labels, "commonAnnotations": {}, "alerts": [alert]}).encode()


def _runs(times: list[Instant]) -> Iterator[tuple[Instant, Instant]]:
    """Where a run of samples begins, and when the next one would have come after its last."""
    gaps = sorted(after - before for before, after in itertools.pairwise(times))
    step = gaps[len(gaps) // 2] if gaps and gaps[len(gaps) // 2] <= AWAY else STEP
    start = last = times[0]
    for at in times[1:]:
        if at - last > AWAY:
            yield start, last + step
            start = at
        last = at
    yield start, last + step


def _pending(held: Iterable[tuple[Instant, float]], start: Instant, end: Instant) -> Instant:
    """Since when the condition held, of what was said while it fired; nonsense (the future, NaN) is nothing said."""
    return min((value for at, value in held if start <= at < end and 0 < value <= start), default=start)


def _key(labels: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(labels.items()))


def _written(at: Instant) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")
