"""A world whose Prometheus measures every service: how likely each suspect is decides, and can be read everywhere."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.changes.body import body
from bot.incidents.rules import QueryRule
from bot.ports import Sample
from bot.reconciler.briefing import brief_of
from bot.reconciler.drafting import planned
from bot.reconciler.gathering import OURS
from bot.reconciler.view import look_around
from bot.records.entry import Entry, Stage
from bot.records.report import report
from bot.refs import Instant
from bot.web.views import likelihoods
from bot.world.lived import LivedWorld
from tests.reconciler.talking import a_world, only

SERIES = [{"name": "errors", "kind": "errors", "expr": "sum by (service) (rate(failed[1m]))", "label": "service"}]
CALLS = {"frontend": ["checkout", "catalogue", "search"], "checkout": ["payments"]}
JUDGED = {"policy": {"trust": {"prod": "merge"}}, "series": SERIES, "dependencies": CALLS}


class Measured:
    """The world's metrics, and besides, for every series of the configuration, the share of failed requests of each service in prod."""

    def __init__(self, world: LivedWorld, silent: bool = False) -> None:
        self.world, self.silent = world, silent

    def knowing(self, rules: Sequence[QueryRule]) -> Measured:
        return self

    def samples(self, name: str, labels: Mapping[str, str], start: Instant, end: Instant) -> Sequence[Sample]:
        if not name.startswith(OURS):
            return self.world.metrics.samples(name, labels, start, end)
        services = [] if self.silent else [each for each in self.world.story.services if each.environment == "prod"]
        times = [start + 15 * step for step in range(int((end - start) // 15) + 1)]
        return [
            Sample({"service": each.name}, at, self.world.traffic.failing(each.key, at) + 0.001 * (1 + math.sin(at * (3 + place))))
            for place, each in enumerate(services)
            for at in times
        ]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.world.metrics, name)


def measured(folder: Path, config: dict[str, Any]) -> LivedWorld:
    world = a_world(folder, config)
    world._ports = replace(world.ports(), metrics=Measured(world))
    return world


@pytest.fixture
def world(tmp_path: Path) -> Iterator[LivedWorld]:
    with measured(tmp_path, JUDGED) as lived:
        yield lived


def entries(world: LivedWorld, stage: Stage) -> list[Entry]:
    return [entry for entry in world.ports().store.entries(only(world).id) if entry.stage is stage]


@pytest.mark.parametrize(
    ("thresholds", "mode", "looks", "deployed"),
    [
        pytest.param({"act": 0.02, "person": 0.01}, "merge", 1, "2.7.0", id="likely enough to merge"),
        pytest.param({"act": 0.9999, "person": 0.01}, "propose", 5, "2.8.0", id="waited for, and proposed"),
        pytest.param({"act": 0.9999, "person": 0.9998}, None, 1, "2.8.0", id="not likely enough for anything"),
    ],
)
def test_the_thresholds_decide(tmp_path: Path, thresholds: dict[str, float], mode: str | None, looks: int, deployed: str) -> None:
    with measured(tmp_path, JUDGED | {"thresholds": thresholds}) as world:
        world.release("checkout", "2.8.0")
        world.pass_time(1500)
        weighed = [entry.facts["weighed"] for entry in entries(world, Stage.SUSPECTS)]
        modes = [action.mode for action in only(world).actions]

        assert world.deployed("checkout") == deployed

    likeliest = next(each for each in weighed[0]["beliefs"] if each["hypothesis"]["kind"] == "release")
    assert likeliest["hypothesis"]["service"] == "checkout"
    assert all(each["enough"] for each in weighed)
    assert modes == ([] if mode is None else [mode])
    assert min(looks, len(weighed)) == looks


def test_it_can_be_traced_wherever_it_is_read(world: LivedWorld) -> None:
    world.release("checkout", "2.8.0")
    world.pass_time(1500)
    ports, incident = world.ports(), only(world)
    record = ports.store.entries(incident.id)

    told = report(incident, record)
    page = likelihoods(record)

    for text in (told, str(page)):
        assert "release " in text
        assert "before the evidence" in text or "prior" in text
        assert "a person is called" in text
    assert page is not None
    assert page["rows"][0]["terms"]


def test_without_a_release_no_release_is_likely(world: LivedWorld) -> None:
    world.break_outside("checkout", 0.5, 3600)
    world.pass_time(1500)

    assert world.deployed("checkout") == "2.7.0"
    assert entries(world, Stage.SUSPECTS)[0].facts["weighed"]["none"] > 0.5


def test_what_is_measured_of_nobody_changes_nothing(tmp_path: Path) -> None:
    with a_world(tmp_path, JUDGED) as silent:
        silent._ports = replace(silent.ports(), metrics=Measured(silent, silent=True))
        silent.release("checkout", "2.8.0")
        silent.pass_time(1500)

        assert silent.deployed("checkout") == "2.7.0"
        assert "weighed" not in entries(silent, Stage.SUSPECTS)[-1].facts


def test_the_pull_request_says_how_likely(tmp_path: Path) -> None:
    with measured(tmp_path, JUDGED | {"thresholds": {"act": 0.9999, "person": 0.01}}) as world:
        world.release("checkout", "2.8.0")
        world.pass_time(900)
        ports, incident, view = world.ports(), only(world), look_around(world.ports())
        plan = planned(incident, view.state, ports.repository)

        text = body(plan, brief_of(incident, plan, view, ports), "<!-- rollbot:1 -->", "Roll back")  # type: ignore[arg-type]

    assert "probability " in text
    assert "None of them: probability" in text
    assert "How likely each is, and what speaks for and against it" in text
