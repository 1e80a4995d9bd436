"""Killed after any effect of a drain, and started again: one drain, one rollback, one record, the same end."""

from __future__ import annotations

from pathlib import Path
from shutil import rmtree
from typing import Any

import pytest

from tests.reconciler.draining import DRAINS, a_story, file, ours
from tests.reconciler.test_kills import NAME, ROUTINE, Death, MortalWorld, left

WAYS: dict[str, dict[str, Any]] = {
    "merge": {},
    "push": {"policy": {"trust": {"prod": "push"}}},
    "first-alone": {"policy": {"trust": {"prod": "propose"}}, "traffic": {**DRAINS, "trust": {"prod": "push"}}},
}


def live(config: dict[str, Any], folder: Path, death: Death) -> dict[str, Any]:
    with MortalWorld(a_story(**config), folder, death) as world:
        world.release("checkout-canary", "3.5.0")
        world.pass_time(4 * 60)
        for _ in range(40):
            world.pass_time(30)
            if all(incident.ended is not None or incident.state == "proposed" for incident in world.incidents()):
                break
        assert death.at is None or world.deaths == 1
        return left(world) | {"route": file(world, "route.yaml"), "drains": sum("\nRollback-Drain: " in each for each in ours(world))}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", WAYS)
def test_killed_anywhere_in_a_drain_it_ends_the_same(name: str, tmp_path: Path) -> None:
    whole = Death()
    expected = live(WAYS[name], tmp_path / "world", whole)
    assert expected["drains"] == 1

    first = [number for number, effect in enumerate(whole.seen) if whole.seen.index(effect) == number]
    points = [number for number in first if whole.seen[number].endswith(" admitted1") and whole.seen[number] not in ROUTINE]
    assert points
    for point in points:
        rmtree(tmp_path / "world")
        found = live(WAYS[name], tmp_path / "world", Death(point))

        assert found == expected, f"killed after {NAME.sub('…', whole.seen[point])}"
