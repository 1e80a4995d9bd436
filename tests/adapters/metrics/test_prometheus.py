from __future__ import annotations

import math
import socket
from typing import Any

import pytest

from bot.adapters.metrics.prometheus import PrometheusMetrics
from bot.errors import Unavailable
from bot.incidents.rules import QueryRule

RATIO = 'sum by (service) (rate(requests_total{code=~"5.."}[5m])) / sum by (service) (rate(requests_total[5m]))'
LABELS = {"alertname": "HighErrorRate", "service": "checkout", "severity": "critical"}


def a_rule(**changes: Any) -> dict[str, Any]:
    return {"type": "alerting", "name": "HighErrorRate", "query": f"{RATIO} > 0.05", "duration": 60, "health": "ok", **changes}


def an_alert(**labels: str) -> dict[str, Any]:
    return {"labels": {**LABELS, **labels}, "state": "firing", "activeAt": "2026-03-12T02:44:12.123456789Z", "value": "3e-01"}


def test_an_active_instance_is_firing(standin: Any, url: str) -> None:
    standin.rules, standin.alerts = [a_rule()], [an_alert()]

    metrics = PrometheusMetrics(url)

    assert metrics.firing("HighErrorRate", LABELS) is True
    assert metrics.pending_since("HighErrorRate", LABELS) == pytest.approx(1773283452.123456)


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        pytest.param({**LABELS, "prometheus": "monitoring/k8s"}, True, id="external labels added on the way"),
        pytest.param({"service": "checkout"}, True, id="fewer labels"),
        pytest.param({**LABELS, "service": "cart"}, False, id="another service"),
        pytest.param({**LABELS, "service": "checkout'\"}) or vector(1) #"}, False, id="a label that is no label"),
    ],
)
def test_labels_are_compared_not_queried(standin: Any, url: str, labels: dict[str, str], expected: bool) -> None:
    standin.rules, standin.alerts = [a_rule()], [an_alert()]

    assert PrometheusMetrics(url).firing("HighErrorRate", labels) is expected


@pytest.mark.parametrize(
    ("rules", "why"),
    [
        pytest.param([], "no such rule", id="unknown alert"),
        pytest.param([a_rule(health="err")], "it cannot be evaluated", id="broken rule"),
    ],
)
def test_what_cannot_be_told_is_not_recovery(standin: Any, url: str, rules: list[dict[str, Any]], why: str) -> None:
    standin.rules = rules

    assert PrometheusMetrics(url).firing("HighErrorRate", LABELS) is None, why


def test_a_quiet_rule_is_not_firing(standin: Any, url: str) -> None:
    standin.rules = [a_rule()]

    metrics = PrometheusMetrics(url)

    assert metrics.firing("HighErrorRate", LABELS) is False
    assert metrics.pending_since("HighErrorRate", LABELS) is None


def test_window_is_range_and_hold_of_the_rule(standin: Any, url: str) -> None:
    standin.rules = [
        a_rule(name="Burn", query="job:errors:ratio_rate1h > 0.01", duration=120),
        {"type": "recording", "name": "job:errors:ratio_rate1h", "query": "rate(errors[1h])"},
    ]

    metrics = PrometheusMetrics(url)

    assert metrics.range_window("Burn") == 3600 + 120
    assert metrics.range_window("Unknown") is None


def test_samples_are_of_the_rule_without_its_threshold(standin: Any, url: str) -> None:
    standin.rules = [a_rule()]
    standin.series[RATIO] = [
        ({"service": "checkout"}, [(1000.0, "0.31"), (1015.0, "NaN"), (9000.0, "0")]),
        ({"service": "cart"}, [(1000.0, "0.01")]),
    ]

    samples = PrometheusMetrics(url).samples("HighErrorRate", LABELS, 900.0, 2000.0)

    assert [(dict(s.labels), s.at) for s in samples] == [({"service": "checkout"}, 1000.0), ({"service": "checkout"}, 1015.0)]
    assert samples[0].value == 0.31 and math.isnan(samples[1].value)


def test_a_month_is_asked_in_few_points(standin: Any, url: str) -> None:
    standin.rules = [a_rule()]
    standin.series[RATIO] = [({"service": "checkout"}, [(5.0, "1")])]

    assert PrometheusMetrics(url).samples("HighErrorRate", LABELS, 0.0, 30 * 86400.0)


def test_headers_go_along(standin: Any, url: str) -> None:
    standin.rules = [a_rule()]
    standin.series[RATIO] = []

    metrics = PrometheusMetrics(url + "/", headers={"X-Scope-OrgID": "team-a"})
    metrics.firing("HighErrorRate", LABELS)
    metrics.samples("HighErrorRate", LABELS, 0.0, 60.0)

    assert {headers.get("X-Scope-OrgID") for headers in standin.headers} == {"team-a"}


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param((503, b"starting"), id="server error"),
        pytest.param((401, b"who are you"), id="not let in"),
        pytest.param((200, b"<html>"), id="a proxy's page"),
        pytest.param((200, b'{"status":"success","data":{"alerts":[{"labels":null}],"groups":[{"rules":[{}]}]}}'), id="another shape"),
        pytest.param((200, b"[]"), id="no object"),
    ],
)
def test_no_answer_is_unavailable(standin: Any, url: str, broken: tuple[int, bytes]) -> None:
    standin.broken = broken
    metrics = PrometheusMetrics(url)

    with pytest.raises(Unavailable):
        metrics.firing("HighErrorRate", LABELS)
    with pytest.raises(Unavailable):
        metrics.pending_since("HighErrorRate", LABELS)
    with pytest.raises(Unavailable):
        metrics.samples("HighErrorRate", LABELS, 0.0, 60.0)


def test_a_query_that_the_server_refuses_is_unavailable(standin: Any, url: str) -> None:
    standin.rules = [a_rule()]

    with pytest.raises(Unavailable):
        PrometheusMetrics(url).samples("HighErrorRate", LABELS, 0.0, 60.0)


def test_nobody_there_is_said_at_once_and_without_the_password() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        metrics = PrometheusMetrics(f"http://bot:hunter2@127.0.0.1:{taken.getsockname()[1]}", timeout=5)

        with pytest.raises(Unavailable) as caught:
            metrics.firing("HighErrorRate", LABELS)

    assert "hunter2" not in str(caught.value)


OWN = QueryRule("Own", f"{RATIO} > 0.05", 60.0, {"environment": "prod"})


def test_a_rule_of_the_configuration_is_evaluated_and_carries_its_labels(standin: Any, url: str) -> None:
    over, under = {"service": "checkout"}, {"service": "cart"}
    standin.series = {OWN.expr: [(over, [(0.0, "0.3")])], RATIO: [(over, [(0.0, "0.3")]), (under, [(0.0, "0.01")])]}

    metrics = PrometheusMetrics(url).knowing((OWN,))

    found = metrics.polled(OWN)
    assert found is not None
    assert found.firing == ({"service": "checkout", "environment": "prod", "alertname": "Own"},)
    assert [labels["service"] for labels in found.measured] == ["checkout", "cart"]
    assert [metrics.firing("Own", {"service": name}) for name in ("checkout", "cart", "nobody")] == [True, False, None]
    assert metrics.range_window("Own") == 360.0
    assert [sample.value for sample in metrics.samples("Own", found.firing[0], -10.0, 10.0)] == [0.3]
    assert PrometheusMetrics(url).firing("Own", {"service": "checkout"}) is None


def test_a_rule_of_the_configuration_that_is_no_promql_is_unavailable(standin: Any, url: str) -> None:
    with pytest.raises(Unavailable):
        PrometheusMetrics(url).polled(QueryRule("Own", "sum("))
