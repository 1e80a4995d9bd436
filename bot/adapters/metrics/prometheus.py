"""Prometheus' HTTP API → whether an alert is still bad, since when, over which window, and how its measure went."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import urlsplit

import requests
from prometheus_api_client import PrometheusConnect
from prometheus_api_client.exceptions import PrometheusApiClientException
from urllib3.util.retry import Retry

from bot.adapters.metrics import promql
from bot.errors import Unavailable
from bot.incidents.rules import QueryRule
from bot.ports import Polled, Sample
from bot.refs import Instant

STEP = 15.0
MOST_POINTS = 500
STORED = 6 * 3600.0
"""Of longer times than these seconds no stored samples are fetched one by one."""
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class _Rule:
    name: str
    query: str
    hold: float
    healthy: bool


class PrometheusMetrics:
    """Asks only what the server's own rules ask. Labels are compared here, never written into a query.

    An alert that comes through Alertmanager may carry labels that Prometheus adds on the way (external labels) or lack some that
    relabelling dropped: an instance is meant where no label of both differs.
    """

    def __init__(self, url: str, headers: Mapping[str, str] | None = None, timeout: float = 10.0) -> None:
        self.url, self.headers, self.timeout = url.rstrip("/"), dict(headers or {}), timeout
        self.shown = urlsplit(self.url).hostname or "Prometheus"
        self.session = requests.Session()
        self.own: tuple[QueryRule, ...] = ()
        # The library has neither timeout nor a sane retry of its own: the reconciler comes again by itself.
        self.client = PrometheusConnect(
            url=self.url, headers=self.headers, session=self.session, retry=Retry(0, redirect=3), timeout=int(timeout) or 1
        )

    def knowing(self, rules: Sequence[QueryRule]) -> PrometheusMetrics:
        knows = copy(self)
        knows.own = tuple(rules)
        return knows

    def polled(self, rule: QueryRule) -> Polled | None:
        return Polled(self._now(rule.expr, rule), self._now(promql.measured(rule.expr, {}), rule))

    def _now(self, query: str, rule: QueryRule) -> tuple[Mapping[str, str], ...]:
        series = self._asked(lambda: [dict(one["metric"]) for one in self.client.custom_query(query)])
        plain = ({name: text for name, text in labels.items() if name != "__name__"} for labels in series)
        return tuple({**labels, **rule.labels, "alertname": rule.name} for labels in plain)

    def firing(self, name: str, labels: Mapping[str, str]) -> bool | None:
        """None where the server knows no such rule, or cannot evaluate it, or measures nothing: that is no recovery."""
        for polled in (self.polled(rule) for rule in self.own if rule.name == name):
            if polled is not None:
                fires, measured = (any(_meant(one, labels) for one in each) for each in (polled.firing, polled.measured))
                return True if fires else False if measured else None
        rules = [rule for rule in self._alerting() if rule.name == name]
        if not rules or not all(rule.healthy for rule in rules):
            return None
        return bool(self._active(name, labels))

    def pending_since(self, name: str, labels: Mapping[str, str]) -> Instant | None:
        since = [self._instant(alert["activeAt"]) for alert in self._active(name, labels) if alert.get("activeAt")]
        return min(since, default=None)

    def range_window(self, name: str) -> float | None:
        rules = [rule for rule in self._alerting() if rule.name == name]
        recorded = self._recorded() if rules else {}
        return max((promql.window(rule.query, recorded) + rule.hold for rule in rules), default=None)

    def samples(self, name: str, labels: Mapping[str, str], start: Instant, end: Instant) -> Sequence[Sample]:
        """Evaluate the rule's own measure; at most a few hundred points a series, however long the time.

        Where it is a stored series itself and the time is short, its samples are as they were stored, each once and at its own time.
        """
        rules = [rule for rule in self._alerting() if rule.name == name]
        recorded = self._recorded() if rules else {}
        queries = [promql.measured(rule.query, recorded) for rule in rules]
        return self._asked(lambda: tuple(sample for query in queries for sample in self._series(query, labels, start, end)))

    def matrix(self, query: str, at: Instant) -> list[tuple[dict[str, str], list[tuple[Instant, float]]]]:
        """Every sample that a range selector of ours picks at a time, by series, as it was scraped or written."""
        series = self._asked(lambda: self.client.custom_query(query, {"time": f"{at:.3f}"}))
        return self._asked(lambda: [(dict(one["metric"]), [(float(t), float(v)) for t, v in one["values"]]) for one in series])

    def grid(self, query: str, start: Instant, end: Instant, step: float) -> list[tuple[dict[str, str], list[tuple[Instant, float]]]]:
        """What a query of ours answers every `step` seconds, by series."""
        series = self._asked(lambda: list(self.client.custom_query_range(query, _time(start), _time(end), f"{step:.3f}")))
        return self._asked(lambda: [(dict(one["metric"]), [(float(t), float(v)) for t, v in one["values"]]) for one in series])

    def _active(self, name: str, labels: Mapping[str, str]) -> list[dict[str, Any]]:
        alerts = self._asked(lambda: self._get("alerts")["alerts"])
        return self._asked(lambda: [a for a in alerts if a["labels"].get("alertname") == name and _meant(a["labels"], labels)])

    def _alerting(self) -> list[_Rule]:
        own = [_Rule(rule.name, rule.expr, rule.after, True) for rule in self.own]
        return self._asked(lambda: own + [_rule(rule) for rule in self._rules("alert")])

    def _recorded(self) -> dict[str, str]:
        return self._asked(lambda: {rule["name"]: rule["query"] for rule in self._rules("record")})

    def _series(self, query: str, labels: Mapping[str, str], start: Instant, end: Instant) -> list[Sample]:
        if promql.plain(query) and 0 < end - start <= STORED:
            stored = self.matrix(f"{query.strip()}[{math.ceil(end - start)}s]", end)
            return [Sample(one, at, value) for one, points in stored if _meant(one, labels) for at, value in points if at >= start]
        step = max(STEP, (end - start) / MOST_POINTS)
        series = self.client.custom_query_range(query, _time(start), _time(max(start, end)), f"{step:.3f}")
        meant = [one for one in series if _meant(one["metric"], labels)]
        return [Sample(dict(one["metric"]), float(at), float(value)) for one in meant for at, value in one["values"]]

    def _rules(self, kind: str) -> list[dict[str, Any]]:
        return [rule for group in self._get("rules", type=kind)["groups"] for rule in group["rules"]]

    def _get(self, what: str, **params: str) -> Any:
        answer = self.session.get(f"{self.url}/api/v1/{what}", params=params, headers=self.headers, timeout=self.timeout)
        answer.raise_for_status()
        return answer.json()["data"]

    def _instant(self, text: str) -> Instant:
        return self._asked(lambda: datetime.fromisoformat(text).timestamp())

    def _asked(self, question: Callable[[], Answer]) -> Answer:
        """Answer it, or say in one voice that Prometheus did not (the library fails in three families of exceptions)."""
        try:
            return question()
        except requests.HTTPError as error:
            raise Unavailable(f"Prometheus at {self.shown} answered {error.response.status_code}") from error
        except (requests.RequestException, PrometheusApiClientException) as error:
            raise Unavailable(f"Prometheus at {self.shown} did not answer: {type(error).__name__}") from error
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise Unavailable(f"Prometheus at {self.shown} answered something that is no answer of its API") from error


def _rule(told: Mapping[str, Any]) -> _Rule:
    return _Rule(str(told["name"]), str(told["query"]), float(told.get("duration", 0)), told.get("health", "ok") == "ok")


def _meant(instance: Mapping[str, str], labels: Mapping[str, str]) -> bool:
    return all(labels.get(name, value) == value for name, value in instance.items() if name != "__name__")


def _time(instant: Instant) -> datetime:
    return datetime.fromtimestamp(instant, UTC)
