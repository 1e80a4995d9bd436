"""Where our records speak against the version before, a rollback goes further back; where they say nothing, it does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.incidents.incident import Action, Incident, Kind
from bot.incidents.lifecycle import End, State
from bot.refs import ServiceRef, Sha
from bot.world.lived import LivedWorld
from tests.reconciler.talking import a_world

HOUR = 3600.0


def an_earlier_incident(world: LivedWorld, blamed: str) -> None:
    """One long ago in which a version of checkout went back, which helped."""
    ports = world.ports()
    service = ServiceRef(ports.repository.name, "prod", "checkout")
    at = world.clock.now() - 300 * HOUR
    action = Action(Kind.ROLLBACK, Sha("d" * 40), version=blamed, merged=at, commit=Sha("e" * 40), helped=True)
    ports.store.save(
        Incident("earlier", service, at, State.ENDED, actions=(action,), onset=at, onset_latest=at, ended=at + HOUR, end=End.RECOVERED)
    )


@pytest.mark.parametrize(("blamed", "deployed"), [("2.7.0", "2.6.0"), ("2.6.0", "2.7.0"), ("1.0.0", "2.7.0")])
def test_a_version_that_was_to_blame_is_never_gone_back_to(tmp_path: Path, blamed: str, deployed: str) -> None:
    with a_world(tmp_path, {"policy": {"trust": {"prod": "merge"}}}) as world:
        an_earlier_incident(world, blamed)
        world.release("checkout", "2.8.0")
        world.pass_time(1500)

        [now] = [each for each in world.incidents() if each.id != "earlier"]
        said = [why for entry in world.ports().store.entries(now.id) for why in entry.because]

        assert world.deployed("checkout") == deployed
        assert any("to blame in earlier" in why for why in said) is (blamed == "2.7.0")
