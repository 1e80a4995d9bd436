"""What Alertmanager is asked: who keeps an alert quiet, and what a delivery left out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from bot.errors import Unavailable
from bot.incidents.correlate import alerted
from bot.incidents.incident import Incident
from bot.incidents.resolve import Acting
from bot.ports import Ports
from bot.reconciler.casing import case_of
from bot.reconciler.intake import INBOX, leave_out, receive
from bot.reconciler.sweep import sweep
from bot.reconciler.view import look_around
from bot.reconciler.work import work
from bot.refs import ServiceRef
from bot.signals.alertmanager import parse
from bot.world import story
from bot.world.lived import LivedWorld

PAYLOADS = Path(__file__).parents[2] / "fixtures" / "payloads" / "alertmanager"


class Alertmanager:
    """Keeps alerts and silences; `away` while nobody answers."""

    def __init__(self) -> None:
        self.silences: dict[str, str] = {}
        self.bodies: list[bytes] = []
        self.away = False

    def muted(self, fingerprint: str) -> str | None:
        if self.away:
            raise Unavailable("Alertmanager did not answer")
        return self.silences.get(fingerprint)

    def firing(self) -> Sequence[bytes]:
        if self.away:
            raise Unavailable("Alertmanager did not answer")
        return self.bodies


@pytest.fixture
def world(tmp_path: Path) -> Iterator[LivedWorld]:
    with LivedWorld(story.load(story.SHOP), tmp_path) as lived:
        yield lived


@pytest.fixture
def alertmanager() -> Alertmanager:
    return Alertmanager()


@pytest.fixture
def ports(world: LivedWorld, alertmanager: Alertmanager) -> Ports:
    return replace(world.ports(), alerts=alertmanager)


@pytest.fixture
def incident(ports: Ports) -> Incident:
    (alert,) = parse((PAYLOADS / "firing.json").read_bytes(), ports.clock.now() + 1e9)
    service = ServiceRef(ports.repository.name, "prod", "checkout")
    found = alerted(alert, Acting(True, "opted in"), service, (), ports.clock.now()).incident
    assert found is not None
    return found


def test_an_alert_that_somebody_silenced_does_not_act(ports: Ports, alertmanager: Alertmanager, incident: Incident) -> None:
    alertmanager.silences["c6eadffa33fcdf37"] = "silenced by 7d8d"

    case = case_of(incident, look_around(ports), ports)

    assert (case.acts, case.why_not) == (False, ("HighErrorRate is silenced by 7d8d",))


def test_one_of_two_that_is_not_silenced_still_acts(ports: Ports, alertmanager: Alertmanager, incident: Incident) -> None:
    alertmanager.silences["c6eadffa33fcdf37"] = "silenced by 7d8d"
    second = replace(incident.symptoms[0], key="other", fingerprint="other")

    assert case_of(replace(incident, symptoms=(*incident.symptoms, second)), look_around(ports), ports).acts


def test_while_nobody_can_be_asked_nothing_is_decided(ports: Ports, alertmanager: Alertmanager, incident: Incident) -> None:
    alertmanager.away = True

    with pytest.raises(Unavailable):
        case_of(incident, look_around(ports), ports)


def payload(*services: str, left_out: int = 0) -> bytes:
    alerts = [
        {
            "status": "firing",
            "labels": {"alertname": "Errors", "service": name, "environment": "prod"},
            "startsAt": "2026-03-12T02:40:00Z",
            "fingerprint": name,
        }
        for name in services
    ]
    return json.dumps({"status": "firing", "alerts": alerts, "truncatedAlerts": left_out}).encode()


def work_off(ports: Ports) -> set[str]:
    work(f"{INBOX}{ports.repository.name}", {ports.repository.name: ports})
    return {incident.service.name for incident in ports.store.incidents(ports.repository.name)}


def test_the_sweep_asks_for_what_a_delivery_left_out(ports: Ports, alertmanager: Alertmanager) -> None:
    receive("alertmanager", payload("checkout", left_out=1), ports)
    assert work_off(ports) == {"checkout"}
    alertmanager.bodies = [payload("checkout", "search")]
    alertmanager.away = True
    sweep(ports)
    assert work_off(ports) == {"checkout"}

    alertmanager.away = False
    sweep(ports)

    assert work_off(ports) == {"checkout", "search"}
    alertmanager.bodies = [payload("payments")]
    sweep(ports)
    assert work_off(ports) == {"checkout", "search"}  # nothing was left out since


def test_a_delivery_that_was_too_large_is_asked_for(ports: Ports, alertmanager: Alertmanager) -> None:
    alertmanager.bodies = [payload("search")]

    leave_out("alertmanager", "a delivery that was too large", ports)
    sweep(ports)

    assert work_off(ports) == {"search"}


def test_where_nobody_can_be_asked_the_record_says_so_once(world: LivedWorld) -> None:
    for _ in range(2):
        leave_out("alertmanager", "41 alerts", world.ports())

    assert [(entry.what, entry.because) for entry in world.ports().store.entries("")] == [
        ("alertmanager left 41 alerts out of a delivery", ("set ROLLBOT_ALERTMANAGER_URL, so that they can be asked for",))
    ]
