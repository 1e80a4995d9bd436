"""What comes in at the doors: nothing is lost, nothing crashes, nothing is told twice."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.adapters.store.due import SqlQueueRows
from bot.errors import Refused
from bot.incidents.incident import Action, Incident, Kind
from bot.incidents.lifecycle import End, State
from bot.ports import Delivery
from bot.reconciler.intake import INBOX, look_again, receive
from bot.reconciler.sweep import sweep
from bot.reconciler.work import work
from bot.refs import ServiceRef, Sha
from bot.signals.signal import ChangeEvent
from bot.world import story
from bot.world.lived import LivedWorld


@pytest.fixture
def world(tmp_path: Path) -> Iterator[LivedWorld]:
    with LivedWorld(story.load(story.SHOP), tmp_path) as lived:
        yield lived


def delivered(world: LivedWorld, body: bytes, key: str = "k") -> None:
    name = world.repository.name
    world.ports().store.receive(Delivery(key, "alertmanager", name, body, world.clock.now()))


@pytest.mark.parametrize(("source", "body"), [("nagios", b"{}"), ("alertmanager", b"{}"), ("alertmanager", b"\xff")])
def test_what_nobody_can_read_is_refused_at_the_door(world: LivedWorld, source: str, body: bytes) -> None:
    with pytest.raises(Refused):
        receive(source, body, world.ports())


def test_a_kept_delivery_that_cannot_be_read_is_told_once_and_crossed_off(world: LivedWorld) -> None:
    ports = world.ports()
    for key in ("k", "k2"):
        delivered(world, b"what?", key)

    for _ in range(2):
        assert work(f"{INBOX}{world.repository.name}", {world.repository.name: ports}) is None

    assert [entry.what for entry in ports.store.entries("")] == ["a delivery from alertmanager cannot be read"] * 2
    assert tuple(ports.store.inbox(world.repository.name)) == ()


@pytest.mark.parametrize(
    ("name", "ours"),
    [
        ("RollbotNeedsHuman", True),
        ("RollbotAlive", True),
        ("Rollbot: prod/checkout: escalated", True),
        ("[FIRING:1] checkout RollbotNeedsHuman (critical)", True),
        ("NotRollbotNeedsHumanity", False),
        ("HighErrorRate", False),
    ],
)
def test_our_own_alerts_that_come_back_to_us_are_no_symptom(world: LivedWorld, name: str, ours: bool) -> None:
    ports = world.ports()
    labels = {"alertname": name, "severity": "critical", "environment": "prod", "service": "checkout"}
    alert = {"status": "firing", "labels": labels, "startsAt": "2026-01-01T00:00:00Z", "fingerprint": "f1"}
    delivered(world, json.dumps({"status": "firing", "alerts": [alert]}).encode())

    work(f"{INBOX}{world.repository.name}", {world.repository.name: ports})

    assert (len(world.incidents()), len(world.pager.notices), len(ports.store.entries(""))) == (0 if ours else 1, 0, 0)
    assert ports.store.waiting(world.repository.name) == 0


def test_the_sweep_finds_what_no_hook_queued(world: LivedWorld) -> None:
    world.hear = lambda payload: delivered(world, payload, payload.hex())  # type: ignore[method-assign]
    world.release("checkout", "2.8.0")
    world.pass_time(600)
    assert world.incidents() == ()

    for _ in range(120):
        sweep(world.ports())
        world.pass_time(30)

    incident = world.incident()
    assert incident is not None and incident.end == "recovered"


def test_work_on_what_is_not_there_is_done(world: LivedWorld) -> None:
    houses = {world.repository.name: world.ports()}

    assert [work(key, houses) for key in ("no-such-incident", f"{INBOX}another")] == [None, None]


def test_a_forge_that_says_no_calls_a_person(world: LivedWorld) -> None:
    def no() -> None:
        raise Refused("the branch is protected")

    world.forge.before_merge = no
    world.release("checkout", "2.8.0")
    world.pass_time(600)

    incident = world.incident()
    assert incident is not None and (incident.end, incident.why) == ("escalated", "the branch is protected")
    assert [notice.urgent for notice in world.pager.notices.values()] == [True]


def test_stop_pressed_between_proposal_and_merge_holds_the_merge(world: LivedWorld) -> None:
    world.release("checkout", "2.8.0")
    while not (incident := world.incident()) or not incident.actions or not incident.action.branch:
        world.clock.advance(1)
        super(LivedWorld, world).step()
        world._runner.run_one()
    world.push(story.commit({"author": "Ada <a@x>", "message": "Stop", "files": {".rollbot/stop": "wait\n"}}, world.clock.now()))
    world.pass_time(900)

    assert world.desired("checkout") == "2.8.0"
    assert any(entry.what == "nothing is changed while stop is pressed" for entry in world.record())


def test_an_alert_of_an_ended_incident_is_told_once(world: LivedWorld) -> None:
    world.release("checkout", "2.8.0")
    world.pass_time(3600)
    incident = world.incident()
    assert incident is not None and incident.ended is not None
    kept = next(body for body in world.sent if b'"firing"' in body)

    delivered(world, kept, "again")
    delivered(world, kept, "and again")
    work(f"{INBOX}{world.repository.name}", {world.repository.name: world.ports()})

    left = [entry.what for entry in world.ports().store.entries("") if "is left alone" in entry.what]
    assert len(left) == 1 and incident.id in left[0]


@pytest.mark.parametrize(
    ("event", "nudged"),
    [
        pytest.param({"branches": ("rollbot/prod/checkout/x",)}, ["i-checkout"], id="its branch"),
        pytest.param({"commits": ("a" * 40,)}, ["i-checkout"], id="its head"),
        pytest.param({"pulls": (7,)}, ["i-checkout"], id="its pull request"),
        pytest.param({"pulls": (8,), "branches": ("main",), "commits": ("b" * 40,)}, ["i-search"], id="another incident's pull request"),
        pytest.param({"pulls": (9,), "branches": ("other",)}, [], id="nobody's"),
        pytest.param(
            {"what": "push", "branches": ("main",)}, ["i-checkout", "i-payments", "i-search", "tend"], id="the branch that is deployed"
        ),
        pytest.param({"what": "push", "branches": ("other",)}, [], id="another branch"),
        pytest.param(
            {"what": "deployed", "commits": ("d" * 40,)}, ["i-payments"], id="something was deployed: what is merged may have arrived"
        ),
    ],
)
def test_a_change_at_the_forge_brings_forward_the_incidents_it_names_and_no_others(
    world: LivedWorld, event: dict[str, Any], nudged: list[str]
) -> None:
    ports, now = world.ports(), world.clock.now()
    actions = {
        "checkout": (Action(Kind.ROLLBACK, None, branch="rollbot/prod/checkout/x", head=Sha("a" * 40), pull=7),),
        "search": (Action(Kind.ROLLBACK, None, branch="rollbot/prod/search/y", head=Sha("c" * 40), pull=8),),
        "payments": (),
    }
    for name, done in actions.items():
        service = ServiceRef(world.repository.name, "prod", name)
        state = State.MERGED if name == "payments" else State.OPENED
        ports.store.save(Incident(f"i-{name}", service, now, state, actions=done, due=now + 3600))
    ended = Incident("i-old", ServiceRef(world.repository.name, "prod", "frontend"), now, State.ENDED, actions=actions["checkout"])
    ports.store.save(replace(ended, end=End.DONE, ended=now))
    signal = ChangeEvent("e", now, **{"what": "pull_request closed", **event})

    look_again(signal, ports)

    rows = SqlQueueRows(world.database)
    found = []
    while key := rows.take(now + 1, now + 100, "w"):
        found.append(key)
        rows.done(key, None, "w")
    assert sorted(key.partition(":")[0] for key in found) == nudged


def test_while_the_repository_is_away_signals_wait_and_it_is_told_once(world: LivedWorld) -> None:
    moved = world.origin.folder.with_suffix(".away")
    world.origin.folder.rename(moved)
    delivered(world, b"what?")
    ports, key = world.ports(), f"{INBOX}{world.repository.name}"

    for _ in range(2):
        again = work(key, {world.repository.name: ports})
        assert again is not None and again > world.clock.now()
    assert len(ports.store.inbox(world.repository.name)) == 1
    assert [entry.what for entry in world.record("")] == ["what came in waits: the repository cannot be read"]

    moved.rename(world.origin.folder)
    assert work(key, {world.repository.name: ports}) is None
    assert not ports.store.inbox(world.repository.name)


def said(world: LivedWorld, source: str, payload: dict[str, Any], config: str = "") -> list[str]:
    """Deliver it under that configuration and work it off; answers what stands in the record of no incident."""
    if config:
        world.push(story.commit({"author": "Ada <a@x>", "message": "Configure", "files": {".rollbot.yaml": config}}, world.clock.now()))
    receive(source, json.dumps(payload).encode(), world.ports())
    work(f"{INBOX}{world.repository.name}", {world.repository.name: world.ports()})
    return [entry.what for entry in world.ports().store.entries("")]


MAPPED = """
alerts:
  mappings:
    - { name: Uptime, key: "{id}", resolved: { up: "true" }, labels: { service: "{who}", env: prod } }
  sources: { json: [BOUND] }
"""


def test_json_of_any_system_opens_the_incident_that_the_mapping_says(world: LivedWorld) -> None:
    assert said(world, "json", {"id": 1, "up": False, "who": "checkout"}, MAPPED.replace("BOUND", "pro*")) == []

    [incident] = world.incidents()
    assert (str(incident.service), [symptom.name for symptom in incident.symptoms]) == ("prod/checkout", ["Uptime"])
    assert said(world, "json", {"id": 1, "up": True}) == []  # and its resolution finds it, though it names nobody
    [incident] = world.incidents()
    assert incident.resolved is not None


def test_a_source_bound_to_other_environments_says_nothing_about_this_one(world: LivedWorld) -> None:
    told = said(world, "json", {"id": 1, "up": False, "who": "checkout"}, MAPPED.replace("BOUND", "staging"))

    assert told == ["Uptime is left alone: json may speak of staging, not of prod"]
    assert world.incidents() == ()


def test_json_that_nothing_maps_is_recorded_once(world: LivedWorld) -> None:
    assert said(world, "json", {"id": 1}) == ["a delivery to /hooks/json is left alone"]
