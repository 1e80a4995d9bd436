"""The kill switch as a label at GitHub: who may press it, and what it stops."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.github.caller import Caller
from tests.github.server import FakeGitHub
from tests.github.town import NAME, Town, a_town


@pytest.fixture
def town(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Town]:
    for name in list(os.environ):
        if name.upper().startswith("ROLLBOT_"):
            monkeypatch.delenv(name)
    with FakeGitHub() as hub:
        made = a_town(hub, tmp_path)
        with made.serving():
            yield made


def labelled(town: Town, who: str, label: str = "rollbot-stop") -> int:
    issue = town.hub.open_issue(NAME, "Stand still", "eve")
    assert Caller(town.hub, NAME, who).asks("POST", f"/issues/{issue}/labels", {"labels": [label]})[0] == 200
    return issue


def test_who_may_write_stops_it(town: Town) -> None:
    issue = labelled(town, "tom")

    town.say(town.release, "/rollback")

    [incident] = town.incidents()
    assert (incident.end, incident.why) == ("declined", f"stopped: tom put the label rollbot-stop on #{issue}")
    assert (town.branches(), town.proposals()) == ([], [])


@pytest.mark.parametrize(
    ("who", "label"),
    [
        pytest.param("lin", "rollbot-stop", id="by one who may not write"),
        pytest.param("tom", "bug", id="another label"),
    ],
)
def test_what_stops_nothing(town: Town, who: str, label: str) -> None:
    labelled(town, who, label)

    town.say(town.release, "/rollback")

    assert len(town.proposals()) == 1


def test_a_closed_issue_stops_nothing(town: Town) -> None:
    issue = labelled(town, "ada")
    town.hub.repos[NAME].items[issue].state = "closed"

    town.say(town.release, "/rollback")

    assert len(town.proposals()) == 1
