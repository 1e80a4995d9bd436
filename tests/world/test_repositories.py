"""Every repository under fixtures/repositories is told as a story: built for real, and run."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from bot.world import story
from bot.world.world import World

STORIES = sorted((Path(__file__).parents[2] / "fixtures" / "repositories").glob("*.yaml"))


@pytest.mark.parametrize("path", [story.SHOP, *STORIES], ids=lambda path: path.stem)
def test_a_told_repository_is_built_and_its_services_run(path: Path, tmp_path: Path) -> None:
    world = World(story.load(path), tmp_path)

    world.pass_time(300)

    assert subprocess.run(["git", "fsck", "--strict"], cwd=world.origin.folder, capture_output=True).returncode == 0
    assert all(world.deployed(service.name, service.environment) for service in world.story.services)
    assert world.sent == []


@pytest.mark.parametrize("path", [story.SHOP, *STORIES], ids=lambda path: path.stem)
def test_its_bad_release_is_noticed(path: Path, tmp_path: Path) -> None:
    world = World(story.load(path), tmp_path)
    service = next(service for service in world.story.services if service.bad)

    world.release(service.name, next(iter(service.bad)), service.environment)
    world.pass_time(900)

    assert not world.healthy(service.name, service.environment) and world.sent
