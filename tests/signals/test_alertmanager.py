"""What an Alertmanager payload says, field by field."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bot.errors import Refused
from bot.signals.alertmanager import MOST_ALERTS, parse
from bot.signals.payload import LONGEST_ANNOTATION, LONGEST_LABEL, MOST_LABELS
from bot.signals.signal import Status

PAYLOADS = Path(__file__).parents[2] / "fixtures" / "payloads" / "alertmanager"
NOW = 1_800_000_000.0


def recorded(name: str) -> bytes:
    return (PAYLOADS / f"{name}.json").read_bytes()


def a_body(*alerts: dict, **more: object) -> bytes:
    return json.dumps({"version": "4", "status": "firing", "groupKey": "g", "alerts": list(alerts)} | more).encode()


def test_a_firing_alert():
    (alert,) = parse(recorded("firing"), NOW)

    assert (alert.name, alert.status, alert.severity) == ("HighErrorRate", Status.FIRING, "critical")
    assert alert.started_at == pytest.approx(1795143845.123456)
    assert alert.ended_at is None
    assert alert.labels["service"] == "checkout"
    assert alert.generator_url == "http://prometheus.example.org:9090/graph?g0.expr=up"
    assert alert.group == {"alertname": "HighErrorRate", "service": "checkout"}


def test_its_resolution_is_another_signal_of_the_same_instance():
    (firing,), (resolved,) = parse(recorded("firing"), NOW), parse(recorded("resolved"), NOW)

    assert resolved.status is Status.RESOLVED
    assert resolved.ended_at == pytest.approx(1795145045.5)
    assert resolved.instance == firing.instance
    assert resolved.key != firing.key


def test_nulls_are_absent():
    (alert,) = parse(recorded("nulls"), NOW)

    assert alert.annotations == {}
    assert alert.group == {}
    assert "empty" not in alert.labels


def test_truncated_groups_say_how_many_are_missing():
    alerts = parse(recorded("truncated"), NOW)

    assert [(alert.status, alert.truncated) for alert in alerts] == [(Status.FIRING, 41), (Status.RESOLVED, 41)]


def test_times_that_are_not_set_or_lie_ahead_are_the_arrival():
    alerts = parse(a_body({"labels": {"a": "1"}}, {"labels": {"a": "2"}, "startsAt": "2999-01-01T00:00:00Z"}), NOW)

    assert [alert.started_at for alert in alerts] == [NOW, NOW]


def test_without_a_fingerprint_the_labels_tell_alerts_apart():
    alerts = parse(a_body({"labels": {"a": "1"}}, {"labels": {"a": "2"}}, {"labels": {"a": "1"}}), NOW)

    assert len(alerts) == 2
    assert all(alert.fingerprint for alert in alerts)


def test_sizes_are_capped():
    labels = {"alertname": "x" * 5000} | {f"label{n}": "1" for n in range(500)}

    alerts = parse(
        a_body(*[{"labels": labels, "annotations": {"a": "y" * 9000}, "fingerprint": f"{n}"} for n in range(MOST_ALERTS + 5)]), NOW
    )

    assert len(alerts) == MOST_ALERTS
    assert alerts[0].truncated == 5
    assert len(alerts[0].labels) == MOST_LABELS
    assert len(alerts[0].name) == LONGEST_LABEL
    assert len(alerts[0].annotations["a"]) == LONGEST_ANNOTATION


def test_control_characters_are_dropped():
    (alert,) = parse(a_body({"labels": {"alertname": "a\x00b\x1bc"}, "generatorURL": "javascript:alert(1)"}), NOW)

    assert alert.name == "abc"
    assert alert.generator_url is None


@pytest.mark.parametrize(
    ("body", "says"),
    [
        pytest.param(b"nonsense", "body: Invalid JSON", id="not JSON"),
        pytest.param(b'{"status":"firing"}', "alerts: Field required", id="no alerts"),
        pytest.param(b'{"status":"firing","alerts":{}}', "alerts: ", id="alerts of another shape"),
        pytest.param(b'{"status":"firing","alerts":[{"startsAt":"yesterday"}]}', "alerts.0.startsAt", id="a time that is none"),
        pytest.param(b'{"status":"perhaps","alerts":[]}', "status: ", id="another status"),
    ],
)
def test_refusals_say_where(body, says):
    with pytest.raises(Refused, match="not an Alertmanager payload") as refused:
        parse(body, NOW)

    assert says in str(refused.value)
