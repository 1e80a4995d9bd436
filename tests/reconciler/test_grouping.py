"""What others' incidents believe is asked where services are tied, and nowhere else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.incidents.incident import Action, Incident, Kind, identify
from bot.incidents.lifecycle import State
from bot.reconciler.grouping import considering
from bot.reconciler.view import look_around
from bot.records.entry import FIRST, Note, Stage, append
from bot.refs import ServiceRef
from bot.releases.history import history
from bot.world import story
from bot.world.lived import LivedWorld

TIED = "groups: [{service: checkout, requires: 'catalogue >=0.1'}]\n"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[LivedWorld]:
    with LivedWorld(story.load(story.SHOP), tmp_path) as lived:
        yield lived


def suspected(world: LivedWorld, config: str, *, old: bool = False) -> tuple[tuple[str, float], ...]:
    """What the incident of checkout hears of catalogue, whose own incident gives what it runs a chance of 0.7."""
    world.push(story.commit({"author": "Ada <ada@x>", "message": "Configure", "files": {".rollbot.yaml": config}}, world.clock.now()))
    ports = world.ports()
    view = look_around(ports)
    mine, theirs = (ServiceRef(ports.repository.name, "prod", name) for name in ("checkout", "catalogue"))
    releases = [release for release in history(theirs, view.state).releases if release.changes]
    accused = {"suspects": [{"commit": releases[1 if old else 0].commit, "chance": 0.7}]}
    other = Incident(identify(theirs, "a"), theirs, view.now, State.OPENED)
    entries = append(other.id, 0, FIRST, view.now, (Note(Stage.SUSPECTS, "one release is suspected", (), accused),))
    ports.store.save(replace(other, entries=1, last=entries[-1].hash), entries)
    own = Incident(identify(mine, "b"), mine, view.now, State.DECIDED, actions=(Action(Kind.ROLLBACK, None),))
    return tuple((ref.name, chance) for ref, chance in considering(own, view, ports).action.suspected)


def test_what_runs_and_is_suspected_is_heard_of(world: LivedWorld) -> None:
    assert suspected(world, TIED) == (("catalogue", 0.7),)


def test_what_does_not_run_any_more_is_not(world: LivedWorld) -> None:
    assert suspected(world, TIED, old=True) == ()


def test_where_nobody_declares_anything_nothing_is_asked(world: LivedWorld) -> None:
    assert suspected(world, "version: 1\n") == ()
