"""Many services red at once: one call to a person, nothing changed, and each on its own again when it is over."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.incidents.lifecycle import State
from bot.incidents.storm import PLATFORM
from bot.reconciler.intake import receive
from bot.reconciler.sweep import sweep
from bot.world import story
from bot.world.lived import LivedWorld

CONFIG = "alerts: { storm_services: 3 }\npolicy: { trust: { prod: merge } }\n"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[LivedWorld]:
    with LivedWorld(story.load(story.SHOP), tmp_path) as lived:
        lived.push(story.commit({"author": "Ada <a@x>", "message": "Configure", "files": {".rollbot.yaml": CONFIG}}, lived.clock.now()))
        yield lived


def tell(world: LivedWorld, *services: str, status: str = "firing") -> None:
    now = world.clock.now()
    alerts = [
        {
            "status": status,
            "labels": {"alertname": "Down", "service": name, "environment": "prod", "severity": "critical", "rollbot": "act"},
            "startsAt": "2026-03-12T02:40:00Z",
            "endsAt": "0001-01-01T00:00:00Z" if status == "firing" else "2026-03-12T02:50:00Z",
            "fingerprint": name,
        }
        for name in services
    ]
    receive("alertmanager", json.dumps({"status": status, "alerts": alerts, "at": now}).encode(), world.ports())


def settle(world: LivedWorld) -> None:
    for _ in range(6):
        sweep(world.ports())
        world.pass_time(60)


def names(world: LivedWorld, end: str | None = None) -> set[str]:
    return {incident.service.name for incident in world.incidents() if incident.end == end}


def test_a_storm_is_one_incident_that_calls_a_person_once(world: LivedWorld) -> None:
    before = world.origin.head()

    tell(world, "checkout", "search", "payments", "frontend")
    settle(world)

    assert names(world) == {"checkout", "search", "payments", "frontend", PLATFORM}
    urgent = [notice.title for notice in world.pager.notices.values() if notice.urgent]
    assert urgent == ["4 services of prod are red at once: the platform?"]
    assert world.origin.head() == before


def test_when_it_is_over_what_is_left_is_decided_on_its_own(world: LivedWorld) -> None:
    tell(world, "checkout", "search", "payments", "frontend")
    settle(world)

    tell(world, "checkout", "search", "payments", status="resolved")
    settle(world)

    platform = next(incident for incident in world.incidents() if incident.service.name == PLATFORM)
    assert platform.end == "resolved-by-itself"
    assert {"checkout", "search", "payments"} <= names(world, "resolved-by-itself")
    frontend = next(incident for incident in world.incidents() if incident.service.name == "frontend")
    assert frontend.state is State.PROPOSED


def test_two_services_are_no_storm(world: LivedWorld) -> None:
    tell(world, "checkout", "search")
    settle(world)

    assert PLATFORM not in {incident.service.name for incident in world.incidents()}
