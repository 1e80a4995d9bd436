"""Error lines of a Loki on loopback hold a recovery back, and undo nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.adapters.logs.loki import LokiLogs
from bot.world.lived import LivedWorld
from tests.clusters.http import FAULTS
from tests.contracts.test_logs import FakeLoki
from tests.reconciler.talking import a_world, only

OUTCOMES = {"error_logs": 'sum(rate({app="$service"} |= "error" [1m]))'}


@pytest.fixture
def loki() -> Iterator[FakeLoki]:
    with FakeLoki() as made:
        yield made


@pytest.fixture
def world(tmp_path: Path, loki: FakeLoki) -> Iterator[LivedWorld]:
    with a_world(tmp_path, {"policy": {"trust": {"prod": "merge"}}, "outcomes": OUTCOMES}) as lived:
        start = lived.clock.now()
        loki.series['sum(rate({app="checkout"} |= "error" [1m]))'] = [(start - 3600 + 15 * n, "2") for n in range(240)]
        lived._ports = replace(lived.ports(), logs=LokiLogs(loki.url))
        yield lived


def lived_on(world: LivedWorld, loki: FakeLoki, seconds: float, level: str) -> None:
    """Time passes, and every 15 s a count of lines is kept."""
    [points] = loki.series.values()
    for _ in range(int(seconds // 15)):
        world.pass_time(15)
        points.append((world.clock.now(), level))


def test_it_has_not_recovered_while_its_error_lines_are_high(world: LivedWorld, loki: FakeLoki) -> None:
    world.release("checkout", "2.8.0")
    while not world.incidents():
        lived_on(world, loki, 15, "2")
    lived_on(world, loki, 2700, "50")
    held = only(world)
    said = "\n".join(text for entry in world.ports().store.entries(held.id) for text in entry.because)
    lived_on(world, loki, 900, "2")

    assert (held.state, len(held.actions)) == ("arrived", 1)
    assert "it is quiet, but its error lines are at 50, and were at most 2 before the symptom" in said
    assert (only(world).end, world.deployed("checkout")) == ("recovered", "2.7.0")


def test_logs_that_cannot_be_asked_hold_nothing_back_and_that_is_said(world: LivedWorld, loki: FakeLoki) -> None:
    loki.fault = FAULTS["500"]
    world.release("checkout", "2.8.0")
    lived_on(world, loki, 2700, "50")

    said = "\n".join(text for entry in world.ports().store.entries(only(world).id) for text in entry.because)
    assert only(world).end == "recovered"
    assert "its error lines could not be looked at: Loki at 127.0.0.1 answered 500" in said
