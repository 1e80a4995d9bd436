"""What Grafana says on top of Alertmanager's payload, and what it fires for want of data."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.errors import Refused
from bot.incidents.resolve import may_act
from bot.incidents.rules import AlertRules
from bot.signals.grafana import parse
from bot.signals.signal import Status

PAYLOADS = Path(__file__).parents[2] / "fixtures" / "payloads" / "grafana"
NOW = 1_800_000_000.0


def recorded(name: str) -> bytes:
    return (PAYLOADS / f"{name}.json").read_bytes()


def test_a_firing_alert_and_its_resolution_are_one_instance() -> None:
    (firing,), (resolved,) = parse(recorded("firing"), NOW), parse(recorded("resolved"), NOW)

    assert (firing.source, firing.name, firing.status, firing.severity) == ("grafana", "HighErrorRate", Status.FIRING, "critical")
    assert firing.started_at == 1795143850.0  # times carry the offset of the server's zone
    assert (resolved.status, resolved.instance, resolved.ended_at) == (Status.RESOLVED, firing.instance, 1795145050.0)
    assert may_act(firing, AlertRules()).may


def test_what_fires_for_want_of_data_never_acts() -> None:
    nodata, kept = parse(recorded("nodata"), NOW)

    assert [may_act(alert, AlertRules(act_by_default=True)).may for alert in (nodata, kept)] == [False, False]
    assert "want of data" in may_act(kept, AlertRules()).why


def test_refusals_say_whose_payload_it_is_not() -> None:
    with pytest.raises(Refused, match="not a Grafana payload: alerts: Field required"):
        parse(b'{"status":"firing"}', NOW)
