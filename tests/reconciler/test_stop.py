"""Somebody pushes `.rollbot/stop` between two steps of one piece of work: no effect happens after it (law 7)."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.incidents.lifecycle import State
from bot.reconciler.intake import receive
from bot.reconciler.work import work
from bot.world import story
from bot.world.lived import LivedWorld
from bot.world.story import ToldCommit

ADA = "Ada Byron <ada@shop.example>"


class Sleeping(LivedWorld):
    """Rollbot works only when it is told to."""

    def hear(self, payload: bytes) -> None:
        receive("alertmanager", payload, self.ports())

    def step(self) -> None:
        super(LivedWorld, self).step()

    def work(self, key: str) -> None:
        work(key, {self.repository.name: self.ports()})


@pytest.mark.parametrize("state", [State.OPENED, State.DECIDED, State.ADMITTED, State.PROPOSED])
def test_nothing_is_changed_after_stop_was_pushed(tmp_path: Path, state: State) -> None:
    with Sleeping(story.load(story.SHOP), tmp_path) as world:
        world.release("checkout", "2.8.0")
        world.pass_time(600)
        world.work(f"inbox:{world.repository.name}")
        incident = world.incident()
        assert incident is not None
        while incident.state is not state:
            world.work(incident.id)
            incident = world.incident()
            assert incident is not None and incident.ended is None

        stop = world.push(ToldCommit(world.clock.now(), ADA, "Stop\n", files={".rollbot/stop": "ada: wait\n"}))
        branches = world.origin.branches()
        for _ in range(4):
            world.work(incident.id)

        assert world.origin.head() == stop
        assert world.origin.branches() == branches
        held = world.incident()
        assert held is not None and held.ended is None
        assert "stop" in " ".join((world.record()[-1].what, *world.record()[-1].because))
