"""`rollbot scorecard` reads, and says when there is nothing to judge."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot import settings, wiring
from bot.incidents.incident import Action, Incident, Kind
from bot.incidents.lifecycle import End, State
from bot.records.entry import FIRST, Note, Stage, append
from bot.refs import ServiceRef


@pytest.fixture
def observed(origin: Any) -> Incident:
    """An incident of checkout in which 2.7.0 would have gone back, long enough ago."""
    commits = [sha for sha, _, subject in origin.log() if "checkout in prod to 2.7.0" in subject]
    with wiring.house(settings.load(), (str(origin.folder),)) as house:
        [ports] = house.ports.values()
        service = ServiceRef(ports.repository.name, "prod", "checkout")
        notes = [
            Note(Stage.SUSPECTS, "one", (), {"suspects": [{"commit": commits[0], "chance": 0.93}]}),
            Note(Stage.PLAN, "would have", (), {"undone": commits[0], "target": {"version": "2.6.0"}}),
        ]
        at = ports.clock.now() - 48 * 3600
        entries = append("prod-checkout-1", 0, FIRST, at, notes)
        action = Action(Kind.ROLLBACK, commits[0], version="2.7.0")
        made = Incident("prod-checkout-1", service, at, State.ENDED, actions=(action,), end=End.OBSERVED, ended=at)
        return ports.store.save(replace(made, entries=len(entries), last=entries[-1].hash), entries)


def test_what_it_would_have_done_and_what_people_did(rollbot: Any, origin: Any, observed: Incident) -> None:
    done = rollbot("scorecard", "--repo", origin.folder)
    told = rollbot("scorecard", "checkout", "--env", "prod", "--repo", origin.folder, "--json").json

    assert done.code == 0
    for part in ("prod/checkout", "2.7.0 → 2.6.0", "93%", "nothing was taken back", "wrong", "20 are needed"):
        assert part in done.out
    assert (told["precision"], told["judged"], told["scores"][0]["verdict"]) == (0.0, 1, "wrong")


def test_without_incidents_there_is_nothing_to_judge(rollbot: Any, origin: Any) -> None:
    done = rollbot("scorecard", "--repo", origin.folder)

    assert (done.code, "0 incidents can be judged" in done.out) == (1, True)
