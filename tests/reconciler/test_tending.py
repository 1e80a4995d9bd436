"""Other bots are told what is kept out, after the rollback, and every byte of their files comes back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.reconciler.sweep import sweep
from bot.world.lived import LivedWorld
from bot.world.story import ToldCommit
from tests.reconciler.talking import ADA, a_world

SCANNED = """\
apiVersion: image.toolkit.fluxcd.io/v1
kind: ImageRepository
metadata:
  name: checkout
spec:
  image: registry.shop.example/checkout
  interval: 5m
"""
RENOVATE = '{\n  "extends": ["config:recommended"]\n}\n'
FILES = {"clusters/images.yaml": SCANNED, "renovate.json": RENOVATE, "broken/images.yaml": "kind: ImageRepository\nspec: [\n"}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[LivedWorld]:
    with a_world(tmp_path, {"policy": {"trust": {"prod": "merge"}}}) as lived:
        lived.push(ToldCommit(lived.clock.now(), ADA, "Scan\n", files=dict(FILES)))
        yield lived


def lives(world: LivedWorld, seconds: float) -> None:
    """Time passes with the sweep that a server makes."""
    end = world.clock.now() + seconds
    while world.clock.now() < end:
        sweep(world.ports())
        world.pass_time(60)


def proposals(world: LivedWorld) -> list[str]:
    pulls = [world.pulls.pull(branch) for branch in world.origin.branches() if branch.startswith("rollbot/")]
    return [pull.branch for pull in pulls if pull and world.forge.find(pull.branch).state == "open"]


def rolled_back(world: LivedWorld) -> str:
    world.release("checkout", "2.8.0")
    lives(world, 20 * 60)
    [branch] = proposals(world)
    return branch


def texts(world: LivedWorld) -> dict[str, str]:
    head = world.origin.head()
    assert head
    return {path: (world.origin.read([(head, path)])[0] or b"").decode() for path in FILES}


def test_a_rollback_is_followed_by_a_pull_request_for_the_other_bots(world: LivedWorld) -> None:
    branch = rolled_back(world)

    assert world.deployed("checkout") == "2.7.0"
    assert branch.startswith("rollbot/exclude/")
    head = world.origin.head(branch)
    assert head
    assert sorted(world.origin.touched(head)) == ["clusters/images.yaml", "renovate.json"]
    told = [entry for entry in world.record("") if "tells other bots" in entry.what]
    assert ["broken/images.yaml is left alone" in " ".join(entry.because) for entry in told] == [True]
    world.merge(branch)
    assert "- '^2\\.8\\.0$' # rollbot excludes: 2.8.0" in texts(world)["clusters/images.yaml"]
    assert json.loads(texts(world)["renovate.json"])["packageRules"][0]["allowedVersions"] == r"!/^(2\.8\.0)$/"


def test_merged_it_is_no_release_of_anybody_and_asked_for_once(world: LivedWorld) -> None:
    world.merge(rolled_back(world))
    lives(world, 3600)

    assert proposals(world) == []
    assert [str(incident.end) for incident in world.incidents()] == ["recovered"]


def test_declined_it_is_not_opened_again(world: LivedWorld) -> None:
    world.origin.delete(rolled_back(world))
    lives(world, 3600)

    assert proposals(world) == []


def test_lifted_every_byte_of_them_comes_back(world: LivedWorld) -> None:
    world.merge(rolled_back(world))
    world.talk.open_issue("It was innocent")
    world.say(9000, "/rollback allow 2.8.0 checkout in prod")
    lives(world, 15 * 60)

    [branch] = proposals(world)
    world.merge(branch)
    assert texts(world) == FILES


def test_lifted_before_it_was_merged_it_is_closed(world: LivedWorld) -> None:
    rolled_back(world)
    world.talk.open_issue("It was innocent")
    world.say(9000, "/rollback allow 2.8.0 checkout in prod")
    lives(world, 15 * 60)

    assert proposals(world) == []
    assert texts(world) == FILES


def test_while_stop_is_pressed_nothing_is_opened(world: LivedWorld) -> None:
    world.release("checkout", "2.8.0")
    world.pass_time(20 * 60)
    world.push(ToldCommit(world.clock.now(), ADA, "Stop\n", files={".rollbot/stop": "wait\n"}))
    lives(world, 1800)
    assert proposals(world) == []

    world.push(ToldCommit(world.clock.now(), ADA, "Go on\n", files={".rollbot/stop": None}))
    lives(world, 1800)
    assert len(proposals(world)) == 1


def test_without_a_quarantine_nothing_is_done(world: LivedWorld) -> None:
    lives(world, 1800)

    assert proposals(world) == []
    assert world.record("") == ()
