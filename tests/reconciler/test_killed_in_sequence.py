"""Killed anywhere between the down Job's merge and the end: the Job ran once, the pin followed once, or the service is as it was."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest

from bot.records.entry import broken
from tests.scenarios.happenings import Happenings
from tests.scenarios.place import ScenarioWorld
from tests.scenarios.scenario import a_story, told
from tests.scenarios.seen import expect

FIRST = 2
"""So many effects of each place are died of: what comes later in a place repeats them."""


class Counting(ScenarioWorld):
    """Knows how many effects there were, and where each was made."""

    places: list[str]

    def survived(self, answer: Any) -> Any:
        if hasattr(self, "places"):
            self.places.append(",".join(f"{incident.state}{len(incident.actions)}" for incident in self.incidents()))
        return super().survived(answer)


def live(name: str, dies_after: int) -> Counting:
    """Live through the scenario; Rollbot dies so many effects after a person approved the down Job (0: not at all)."""
    scenario = told(name)
    with tempfile.TemporaryDirectory() as folder, Counting(a_story(scenario), Path(folder)) as world:
        happenings = Happenings(world)
        for line in scenario["happens"]:
            if "merge_proposal" in line:
                world.places, world.dies_after = [], dies_after
            happenings.do(line)
        expect(world, scenario["ends"])
        for incident in world.incidents():
            assert broken(world.record(incident.id), incident.last, incident.entries) is None
        assert len(world.cluster.jobs.jobs) == 1
        assert world.deaths == (dies_after > 0)
        return world


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", ["down-job", "down-job-fails"])
def test_killed_anywhere_it_ends_the_same(name: str) -> None:
    places = live(name, 0).places
    seen: dict[str, list[int]] = {}
    for number, place in enumerate(places, 1):
        seen.setdefault(place, []).append(number)
    seen.pop("ended2")  # that an end is told however often it is begun is test_kills.py's
    first = [number for numbers in seen.values() for number in numbers[:FIRST]]

    assert {"merged1", "decided2", "admitted2", "proposed2", "merged2"} <= seen.keys()
    for number in first:
        live(name, number)
