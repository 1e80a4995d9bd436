"""What a plan reaches beyond its own environment, and words that come too late or too narrow."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.reconciler.standing import holds
from bot.world.lived import LivedWorld
from bot.world.story import ToldCommit
from tests.reconciler.talking import ADA, a_world, answer, only, proposed


@pytest.fixture
def world(tmp_path: Path) -> Iterator[LivedWorld]:
    with a_world(tmp_path, {"policy": {"trust": {"prod": "propose"}}}) as lived:
        yield lived


def released_together(world: LivedWorld) -> None:
    """Pull request 300 moves checkout in prod and in staging."""
    head, files = world.origin.head() or "", {}
    for environment in ("prod", "staging"):
        path = f"apps/checkout/overlays/{environment}/kustomization.yaml"
        [text] = world.origin.read([(head, path)])  # type: ignore[list-item]
        files[path] = re.sub('newTag: "[^"]+"', 'newTag: "9.0.0"', (text or b"").decode())
    world.push(ToldCommit(world.clock.now(), ADA, "Both (#300)\n", files=files))
    world.pass_time(15)


@pytest.mark.parametrize("policy", [{"trust": {"*": "merge", "prod": "propose"}}, {"trust": {"*": "merge"}, "frozen": ["prod"]}])
def test_over_several_environments_it_goes_as_far_as_the_least_trusted(tmp_path: Path, policy: dict[str, Any]) -> None:
    with a_world(tmp_path, {"policy": policy}) as world:
        released_together(world)
        world.say(300, "/rollback")
        world.pass_time(120)

        assert (only(world).state, only(world).action.mode, world.desired("checkout")) == ("proposed", "propose", "9.0.0")


def test_what_reaches_a_reserved_environment_is_approved_and_undone_by_its_owners_alone(tmp_path: Path) -> None:
    with a_world(tmp_path, {"policy": {"trust": {"*": "propose"}}, "people": {"owners": {"prod": ["ada"]}}}) as world:
        released_together(world)
        world.say(300, "/rollback", "ada")
        world.pass_time(30)
        no = world.say(1, "/rollback approve", "tom")
        world.pass_time(60)
        assert ("prod is reserved to ada" in answer(world, no), only(world).action.approved) == (True, "")

        world.say(1, "/rollback approve", "ada")
        world.pass_time(600)
        no = world.say(1, "/rollback undo", "tom")
        world.pass_time(60)
        assert ("prod is reserved to ada" in answer(world, no), only(world).end) == (True, "done")


def test_what_was_merged_a_moment_ago_is_not_called_cancelled(world: LivedWorld) -> None:
    proposed(world)
    world.merge(only(world).action.branch)
    said = world.say(1, "/rollback cancel", "lin")
    world.pass_time(60)

    assert "pull request 1 is merged already" in answer(world, said)
    assert (only(world).end, bool(only(world).action.commit)) != ("cancelled", False)


def test_resumed_in_one_place_it_says_what_still_holds_there(world: LivedWorld) -> None:
    world.say(world.talk.open_issue("Wait"), "/rollback hold 2h checkout", "lin")
    world.pass_time(15)
    said = world.say(world.talk.open_issue("Wait", 9005), "/rollback resume checkout in prod", "lin")
    world.pass_time(30)

    assert "still held: checkout, by lin" in answer(world, said)
    assert "/rollback resume checkout\n" in answer(world, said)


@pytest.mark.parametrize(
    ("words", "ends"),
    [
        pytest.param("hold 2h everything", "/rollback resume everything", id="all"),
        pytest.param("hold 2h in prod", "/rollback resume in prod", id="an environment"),
        pytest.param("hold 2h checkout", "/rollback resume checkout", id="a service"),
        pytest.param("hold 2h checkout in prod", "/rollback resume checkout in prod", id="a service in an environment"),
        pytest.param("hold 2h", "/rollback resume checkout in prod", id="the thread's service"),
    ],
)
def test_every_hint_at_a_hold_is_the_command_that_ends_it(world: LivedWorld, words: str, ends: str) -> None:
    proposed(world)
    held = world.say(1, f"/rollback {words}", "lin")
    world.pass_time(30)
    told = answer(world, held)
    status = world.say(1, "/rollback status", "lin")
    world.pass_time(30)
    assert f"```text\n{ends}\n```" in told
    assert f"`{ends}` ends that" in answer(world, status)

    said = world.say(1, ends, "lin")
    world.pass_time(30)

    assert answer(world, said).startswith("**Going on.**")
    assert holds(world.ports().store, world.repository.name, world.clock.now()) == ()


def test_in_a_thread_about_a_service_resume_says_what_ends_the_wider_holds(world: LivedWorld) -> None:
    proposed(world)
    world.say(1, "/rollback hold 2h everything", "lin")
    world.pass_time(30)
    world.say(1, "/rollback hold 2h in prod", "lin")
    world.pass_time(30)
    said = world.say(1, "/rollback resume", "lin")
    world.pass_time(30)

    assert "/rollback resume everything\n/rollback resume in prod\n" in answer(world, said)


def test_a_hold_on_a_service_that_has_left_can_be_ended(world: LivedWorld) -> None:
    world.say(world.talk.open_issue("Wait"), "/rollback hold 2h search in prod", "lin")
    world.pass_time(15)
    world.push(ToldCommit(world.clock.now(), ADA, "Drop search\n", files={"clusters/prod/search.yaml": None}))
    said = world.say(world.talk.open_issue("Wait", 9005), "/rollback resume search in prod", "lin")
    world.pass_time(30)

    assert answer(world, said).startswith("**Going on.**")


def test_what_was_approved_is_not_merged_as_another_commit(world: LivedWorld) -> None:
    proposed(world)
    first = only(world).action.head

    def meanwhile() -> None:
        world.push(ToldCommit(world.clock.now(), ADA, "Note\n", files={"NOTES.md": "x\n"}))

    world.forge.before_merge = meanwhile
    world.say(1, "/rollback approve", "tom")
    world.pass_time(300)

    assert (only(world).state, only(world).action.mode, only(world).action.approved) == ("proposed", "propose", "")
    assert only(world).action.head != first
    assert any("tom approved" in entry.what for entry in world.record())

    world.say(1, "/rollback approve", "tom")
    world.pass_time(600)

    assert only(world).end == "done"
