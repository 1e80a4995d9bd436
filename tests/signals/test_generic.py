"""Any JSON, read as `.rollbot.yaml` maps it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.config import parse as configured
from bot.signals.generic import JsonRule, mapped, parse
from bot.signals.signal import Alert, Ignored, Status

PAYLOADS = Path(__file__).parents[2] / "fixtures" / "payloads" / "json"
NOW = 1_800_000_000.0
CONFIG = b"""
alerts:
  mappings:
    - when: { kind: "uptime.*" }
      name: UptimeCheck
      key: "{check.id}"
      firing: { state: down }
      resolved: { state: up }
      severity: "{level}"
      summary: "{check.name}: {message}"
      started: "{since}"
      link: "{url}"
      labels: { service: "{check.tags[1]}", env: prod }
"""
(RULE,) = configured(CONFIG).alerts.mappings


def read(payload: Any, *rules: JsonRule) -> Alert | Ignored:
    (told,) = parse(json.dumps(payload).encode(), NOW)
    return mapped(told, rules or (RULE,))


def recorded(name: str, **changes: object) -> dict[str, Any]:
    return json.loads((PAYLOADS / f"{name}.json").read_bytes()) | changes


def test_fields_become_an_alert_by_the_mapping() -> None:
    alert = read(recorded("firing"))

    assert isinstance(alert, Alert)
    assert (alert.source, alert.name, alert.status, alert.severity) == ("json", "UptimeCheck", Status.FIRING, "critical")
    assert (alert.labels, alert.started_at) == ({"service": "checkout", "env": "prod"}, 1795143845.0)
    assert alert.annotations == {"summary": "checkout answers: 503 Service Unavailable"}


def test_its_resolution_goes_by_the_same_key() -> None:
    fired, over = read(recorded("firing")), read(recorded("resolved"))

    assert isinstance(fired, Alert) and isinstance(over, Alert)
    assert (over.status, over.instance, over.fingerprint) == (Status.RESOLVED, "", fired.fingerprint)


@pytest.mark.parametrize(
    ("payload", "why"),
    [
        pytest.param({"kind": "other"}, "no rule of alerts.mappings is for it", id="another kind"),
        pytest.param({"kind": "uptime.x", "state": "unknown"}, "neither firing nor resolved", id="no state of ours"),
        pytest.param({"kind": "uptime.x", "state": "down"}, "which names it", id="no key"),
    ],
)
def test_what_no_rule_reads_is_left_alone_with_a_reason(payload: Any, why: str) -> None:
    found = read(payload)

    assert isinstance(found, Ignored) and why in found.why


@pytest.mark.parametrize(
    ("since", "started"),
    [(1795143845, 1795143845.0), ("1795143845", 1795143845.0), (1795143845123, 1795143845.123), ("soon", NOW), (None, NOW), (9e99, NOW)],
)
def test_times_in_seconds_and_milliseconds(since: object, started: float) -> None:
    alert = read(recorded("firing", since=since))

    assert isinstance(alert, Alert)
    assert alert.started_at == pytest.approx(started)


@given(
    st.dictionaries(
        st.text(max_size=8), st.recursive(st.none() | st.booleans() | st.floats() | st.text(), st.lists, max_leaves=5), min_size=1
    ),
    st.text(max_size=30),
)
@settings(max_examples=200, deadline=None)
def test_whatever_is_mapped_however_is_an_alert_or_nothing(payload: Any, template: str) -> None:
    rule = replace(RULE, key=template, when={template: "*"}, labels={template: f"{{{template}}}"}, firing={}, started="{x}")

    assert isinstance(read(payload, rule), Alert | Ignored)
