"""PagerDuty's incidents: what begins, what ends, and what does neither."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bot.errors import Refused
from bot.signals.pagerduty import parse
from bot.signals.signal import Alert, Ignored, Status

PAYLOADS = Path(__file__).parents[2] / "fixtures" / "payloads" / "pagerduty"
NOW = 1_800_000_000.0


def recorded(name: str, **changes: object) -> bytes:
    payload = json.loads((PAYLOADS / f"{name}.json").read_bytes())
    payload["event"] |= {key: value for key, value in changes.items() if key != "data"}
    payload["event"]["data"] |= changes.get("data", {})  # type: ignore[operator]
    return json.dumps(payload).encode()


def only(body: bytes) -> Alert:
    found = parse(body, NOW)
    assert not isinstance(found, Ignored)
    (alert,) = found
    return alert


def test_an_incident_that_was_triggered_fires() -> None:
    alert = only(recorded("triggered"))

    assert (alert.name, alert.status, alert.severity) == ("checkout answers 5xx", Status.FIRING, "p1")
    assert alert.labels == {"service": "checkout", "pagerduty_service": "PF9KMXH"}
    assert (alert.started_at, alert.generator_url) == (1795143845.0, "https://acme.pagerduty.com/incidents/PGR0VU2")


def test_its_resolution_ends_it_however_often_it_was_opened() -> None:
    fired, reopened, resolved = (
        only(recorded("triggered")),
        only(recorded("triggered", event_type="incident.reopened")),
        only(recorded("resolved")),
    )

    assert fired.fingerprint == reopened.fingerprint == resolved.fingerprint
    assert fired.instance != reopened.instance
    assert (resolved.status, resolved.instance, resolved.ended_at) == (Status.RESOLVED, "", 1795145045.5)


@pytest.mark.parametrize("name", ["ignored.acknowledged", "ignored.ping"])
def test_the_rest_is_left_alone_with_a_reason(name: str) -> None:
    found = parse(recorded(name), NOW)

    assert isinstance(found, Ignored) and "begins and ends nothing" in found.why


def test_urgency_stands_in_for_a_priority() -> None:
    assert only(recorded("triggered", data={"priority": None})).severity == "high"


def test_an_incident_without_its_name_is_refused() -> None:
    with pytest.raises(Refused, match=r"event\.data\.id"):
        parse(b'{"event":{"event_type":"incident.triggered","data":{}}}', NOW)
