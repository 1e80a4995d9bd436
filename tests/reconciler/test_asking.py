"""A person asks: one incident, however often asked; and a person leads, whatever we proposed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.reconciler.asking import ask
from bot.signals.signal import Asked
from bot.world import story
from bot.world.lived import LivedWorld


@pytest.fixture
def world(tmp_path: Path) -> Iterator[LivedWorld]:
    with LivedWorld(story.load(story.SHOP), tmp_path) as lived:
        yield lived


def request(key: str = "r1", **words: Any) -> Asked:
    return Asked(key, "ada", 0.0, **({"service": "checkout", "environment": "prod", "mode": "merge"} | words))


def pulls(world: LivedWorld) -> list[str]:
    found = [world.pulls.pull(branch) for branch in (i.action.branch for i in world.incidents())]
    return [pull.state for pull in found if pull]


def test_asked_twice_it_is_done_once(world: LivedWorld) -> None:
    first, second = ask(request(), world.ports()), ask(request(), world.ports())
    world.pass_time(600)

    assert first.incident and second.incident and first.incident.id == second.incident.id
    assert [(incident.end, incident.action.to) for incident in world.incidents()] == [("done", "2.6.0")]
    assert world.deployed("checkout") == "2.6.0"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        pytest.param({"environment": None}, "ambiguous-service", id="several environments"),
        pytest.param({"service": "chekout"}, "unknown-service", id="no such service"),
        pytest.param({"to": "9.9.9"}, "unknown-version", id="no such version"),
    ],
)
def test_what_cannot_be_planned_is_answered_with_choices_and_recorded(world: LivedWorld, words: dict[str, Any], code: str) -> None:
    answer = ask(request(**words), world.ports())

    assert (answer.incident, [objection.code for objection in answer.objections]) == (None, [code])
    assert answer.choices
    assert world.incidents() == ()
    assert [entry.what for entry in world.record("")] == ["ada asked for what cannot be planned"]


def test_a_request_past_what_needs_a_person_goes_through_and_without_mode_it_is_proposed(world: LivedWorld) -> None:
    staging = ask(request("r2", environment="staging", mode=None), world.ports())
    world.pass_time(120)

    assert staging.incident and world.incidents()[0].state == "proposed"
    assert world.desired("checkout", "staging") == "2.8.0"


def test_a_person_leads_the_incident_that_an_alert_opened(world: LivedWorld) -> None:
    world.release("checkout", "2.8.0")
    config = {"author": "Ada <a@x>", "message": "Only propose", "files": {".rollbot.yaml": "policy: {trust: {prod: propose}}\n"}}
    world.push(story.commit(config, world.clock.now()))
    world.pass_time(400)
    ours = world.incidents()[0]
    assert ours.state == "proposed"

    ask(request(to="2.6.0"), world.ports())
    world.pass_time(1800)

    [incident] = world.incidents()
    old = world.pulls.pull(ours.action.branch)
    assert old and old.state == "closed"
    assert (incident.id, incident.end, incident.action.to, pulls(world)) == (ours.id, "recovered", "2.6.0", ["merged"])


def test_while_a_rollback_waits_for_its_outcome_no_other_is_made(world: LivedWorld) -> None:
    ask(request(), world.ports())
    while world.incidents()[0].state != "merged":
        world.pass_time(15)

    answer = ask(request("r2", to="2.5.0"), world.ports())

    assert (answer.incident, [objection.code for objection in answer.objections]) == (None, ["under-way"])
