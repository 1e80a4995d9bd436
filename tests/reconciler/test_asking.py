"""A person asks: one incident, however often asked; and a person leads, whatever we proposed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.quarantine import read
from bot.reconciler.asking import ask
from bot.reconciler.view import look_around
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
    assert [quarantine.owner for quarantine in read(look_around(world.ports()).state)] == ["ada"]


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


def merged(world: LivedWorld, words: Any) -> None:
    ask(request(**words), world.ports())
    while world.incidents()[-1].state != "merged":
        world.pass_time(15)


def test_while_a_rollback_waits_for_its_outcome_the_next_bad_release_goes_back_all_the_same(world: LivedWorld) -> None:
    merged(world, {})
    world.release("checkout", "2.6.1")

    answer = ask(request("r2"), world.ports())
    world.pass_time(900)

    first, second = world.incidents()
    assert (first.end, first.why) == ("superseded", "ada asked for another rollback of prod/checkout before its outcome was known")
    assert answer.incident and (second.id, second.end, second.action.version, second.action.to) == (
        answer.incident.id,
        "done",
        "2.6.1",
        "2.6.0",
    )
    assert (world.deployed("checkout"), pulls(world)) == ("2.6.0", ["merged", "merged"])


def test_while_a_rollback_waits_for_its_outcome_it_is_not_done_again_and_a_named_version_goes_further_back(world: LivedWorld) -> None:
    merged(world, {})

    again = ask(request("r2"), world.ports())
    assert (again.incident, [objection.code for objection in again.objections]) == (None, ["is-rollback"])
    assert "name the version with --to" in again.objections[0].why

    ask(request("r3", to="2.5.0"), world.ports())
    world.pass_time(900)
    assert [(incident.end, incident.action.to) for incident in world.incidents()] == [("superseded", "2.6.0"), ("done", "2.5.0")]


def test_what_still_fires_goes_over_to_the_request_that_follows(world: LivedWorld) -> None:
    world.release("checkout", "2.8.0")
    while not world.incidents() or world.incidents()[0].state != "merged":
        world.pass_time(15)
    world.release("checkout", "2.7.1")
    world.pass_time(15)

    answer = ask(request("r2"), world.ports())
    assert answer.incident, answer
    world.pass_time(1800)

    first, second = world.incidents()
    assert (first.end, second.end) == ("superseded", "recovered")
    assert [symptom.key for symptom in second.symptoms] == [symptom.key for symptom in first.symptoms]


def test_a_request_while_an_undo_waits_for_a_person_takes_its_place(world: LivedWorld) -> None:
    world.release("checkout", "2.7.1")
    world.break_outside("checkout", 0.3, 2 * 3600)
    while not any(branch.endswith("-undo") for branch in world.origin.branches()):
        world.pass_time(60)
    [undo] = [branch for branch in world.origin.branches() if branch.endswith("-undo")]
    world.release("checkout", "2.7.2")

    ask(request("r2"), world.ports())
    world.pass_time(60)

    first, second = world.incidents()
    closed = world.pulls.pull(undo)
    assert (first.end, closed and closed.state) == ("superseded", "closed")
    assert (second.action.version, world.desired("checkout")) == ("2.7.2", "2.7.1")
