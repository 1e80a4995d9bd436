"""What becomes of a quarantine by itself reaches people as everything else does, by whatever messenger there is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.ports import Notice
from bot.reconciler.sweep import sweep
from bot.world import story
from bot.world.lived import LivedWorld
from tests.reconciler.quick import QuickWorld
from tests.reconciler.test_notifying import Flaky

MERGE = {"trust": {"prod": "merge"}}


def heard(folder: Path, policy: dict[str, Any], times: int, hours: float) -> list[Notice]:
    """What a messenger has delivered after 2.8.0 was rolled back, and a bot has brought it back so many times."""
    raw = yaml.safe_load(story.SHOP.read_text())
    raw["history"][0]["files"][".rollbot.yaml"] = yaml.safe_dump({"policy": MERGE | policy})
    with QuickWorld(story.read(raw), folder) as world:
        messenger = Flaky()
        world._ports = replace(world.ports(), messengers={"chat": messenger})
        world.release("checkout", "2.8.0")
        lives(world, 1800)
        for _ in range(times):
            world.release("checkout", "2.8.0")
            lives(world, 600)
        lives(world, hours * 3600)
        return messenger.took


def lives(world: LivedWorld, seconds: float) -> None:
    end = world.clock.now() + seconds
    while world.clock.now() < end:
        sweep(world.ports())
        world.pass_time(60)


def test_a_bot_that_keeps_bringing_it_back_is_told_of_each_time(tmp_path: Path) -> None:
    told = [notice for notice in heard(tmp_path, {}, 3, 0) if notice.key.startswith("repin:")]

    assert [(notice.urgent, "a person has to stop that bot" in notice.title) for notice in told] == [(False, False)] * 2 + [(True, True)]
    assert {str(notice.service) for notice in told} == {"prod/checkout"}


@pytest.mark.parametrize(("quarantine", "told"), [("2h", 1), ("30d", 0)])
def test_a_quarantine_that_goes_on_is_told_of_once(tmp_path: Path, quarantine: str, told: int) -> None:
    kept = [notice for notice in heard(tmp_path, {"quarantine": quarantine}, 0, 2.5) if notice.key.startswith("kept:")]

    assert [("kept out for longer" in notice.title, notice.urgent) for notice in kept] == [(True, False)] * told
