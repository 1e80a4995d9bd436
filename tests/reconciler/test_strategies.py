"""What a strategy lets happen in a world where a bad release comes out, and the scorecard of one that lets nothing happen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bot.incidents.lifecycle import End, State
from bot.reconciler.scoring import scorecard
from bot.records.scorecard import Verdict
from bot.world.lived import LivedWorld
from tests.reconciler.talking import a_world, only, proposals

MERGE = {"policy": {"trust": {"prod": "merge"}}}
HOUR = 3600.0


def after_a_bad_release(folder: Path, config: dict[str, Any]) -> LivedWorld:
    world = a_world(folder, config)
    world.release("checkout", "2.8.0")
    world.pass_time(1500)
    return world


@pytest.mark.parametrize(
    ("config", "state", "deployed"),
    [
        pytest.param(MERGE, State.ENDED, "2.7.0", id="hybrid goes as far as trust"),
        pytest.param({**MERGE, "strategy": "passive"}, State.PROPOSED, "2.8.0", id="passive proposes whatever trust says"),
        pytest.param({"strategy": "active"}, State.PROPOSED, "2.8.0", id="active proposes where it cannot say how likely"),
        pytest.param({**MERGE, "strategy": "shadow"}, State.ENDED, "2.8.0", id="shadow does nothing"),
    ],
)
def test_strategies(tmp_path: Path, config: dict[str, Any], state: State, deployed: str) -> None:
    with after_a_bad_release(tmp_path, config) as world:
        assert (only(world).state, world.deployed("checkout")) == (state, deployed)


def test_a_shadow_writes_nothing_and_knows_what_people_did(tmp_path: Path) -> None:
    with after_a_bad_release(tmp_path, {**MERGE, "strategy": "shadow"}) as world:
        silent = (only(world).end, proposals(world))
        early = scorecard(world.ports())
        world.release("checkout", "2.7.0")  # ada takes it back herself
        world.pass_time(600)

        card = scorecard(world.ports())

    assert silent == (End.OBSERVED, [])
    assert [each.verdict for each in early.scores] == [Verdict.OPEN]
    assert [(each.would.version, each.would.to, each.verdict) for each in card.scores] == [("2.8.0", "2.7.0", Verdict.RIGHT)]
    assert card.precision == 1.0
