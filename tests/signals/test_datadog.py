"""Datadog's monitors, as our template tells them, with quotation marks where no JSON has them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import Refused
from bot.incidents.resolve import may_act
from bot.incidents.rules import AlertRules
from bot.signals.datadog import parse
from bot.signals.signal import Alert, Ignored, Status

PAYLOADS = Path(__file__).parents[2] / "fixtures" / "payloads" / "datadog"
NOW = 1_800_000_000.0


def recorded(name: str, **changes: object) -> bytes:
    return json.dumps(json.loads((PAYLOADS / f"{name}.json").read_bytes()) | changes).encode()


def only(body: bytes) -> Alert:
    found = parse(body, NOW)
    assert not isinstance(found, Ignored)
    (alert,) = found
    return alert


def test_a_monitor_that_triggers_fires() -> None:
    alert = only(recorded("triggered"))

    assert (alert.name, alert.status, alert.severity, alert.started_at) == ("checkout answers 5xx", Status.FIRING, "p1", 1795143845.0)
    assert {key: alert.labels[key] for key in ("service", "env", "version", "team", "rollbot")} == {
        "service": "checkout",
        "env": "prod",
        "version": "2.8.0",
        "team": "shop",
        "rollbot": "act",
    }
    assert may_act(alert, AlertRules()).may


def test_its_recovery_ends_the_same_instance() -> None:
    fired, over = only(recorded("triggered")), only(recorded("recovered"))

    assert (over.status, over.instance) == (Status.RESOLVED, fired.instance)
    assert "version" not in over.labels  # a variable that Datadog did not fill in


def test_triggering_again_is_the_same_instance_and_another_cycle_another() -> None:
    fired = only(recorded("triggered"))

    assert only(recorded("triggered", transition="Re-Triggered")).instance == fired.instance
    assert only(recorded("triggered", cycle="9")).instance != fired.instance


def test_warnings_are_evidence_that_never_acts() -> None:
    assert not may_act(only(recorded("triggered", transition="Warn")), AlertRules(act_by_default=True)).may


@pytest.mark.parametrize("transition", ["No Data", "Re-No Data", "Renotify", "", "$ALERT_TRANSITION"])
def test_what_is_neither_trouble_nor_its_end_is_left_alone(transition: str) -> None:
    assert isinstance(parse(recorded("triggered", transition=transition), NOW), Ignored)


def test_quotation_marks_in_a_query_do_not_hide_the_rest() -> None:
    body = recorded("triggered").replace(b"avg(last_5m):", b'logs("service:\\checkout status:error").rollup("count")')

    alert = only(body)

    assert (alert.labels["service"], alert.name, alert.severity) == ("checkout", "checkout answers 5xx", "p1")


@given(st.text(max_size=200))
@settings(max_examples=200, deadline=None)
def test_whatever_stands_in_a_text_the_rest_is_read_as_it_is_or_refused(text: str) -> None:
    body = recorded("triggered").replace(b"checkout answers 5xx", text.encode("utf-8", "replace"))

    try:
        alert = only(body)
    except Refused:
        return
    assert (alert.labels["metric"], alert.severity, alert.started_at) == ("trace.http.request.errors", "p1", 1795143845.0)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b'{"schema":"rollbot.datadog/v2","alert_id":"1"}', id="another schema"),
        pytest.param(b'{"schema":"rollbot.datadog/v1"}', id="no monitor"),
        pytest.param(b'{"schema":"rollbot.datadog/v1","alert_id":"1","tit', id="cut off"),
        pytest.param(b'{"id":"1","title":"x","body":"y"}', id="Datadog's own template"),
    ],
)
def test_another_template_is_refused(body: bytes) -> None:
    with pytest.raises(Refused, match="by our template"):
        parse(body, NOW)
