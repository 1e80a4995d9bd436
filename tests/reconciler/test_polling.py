"""What the sweep asks Prometheus: a series that is there long enough opens an incident; want of data ends none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from bot.adapters.metrics.none import NoMetrics
from bot.errors import Unavailable
from bot.incidents.rules import QueryRule
from bot.ports import Polled, Ports
from bot.reconciler.intake import INBOX
from bot.reconciler.sweep import sweep
from bot.reconciler.work import work
from bot.world import story
from bot.world.lived import LivedWorld

CONFIG = """
alerts:
  queries:
    - { name: Errors, expr: "errors > 1", after: 1m, labels: { environment: prod, severity: critical, rollbot: act }, summary: too many }
"""
CHECKOUT = {"service": "checkout", "environment": "prod", "severity": "critical", "rollbot": "act"}


class Prometheus(NoMetrics):
    """Keeps which series are over the threshold and which are measured at all."""

    def __init__(self) -> None:
        self.over: list[Mapping[str, str]] = []
        self.there: list[Mapping[str, str]] = []
        self.away = False

    def knowing(self, rules: Sequence[QueryRule]) -> Prometheus:
        return self

    def polled(self, rule: QueryRule) -> Polled | None:
        if self.away:
            raise Unavailable("Prometheus did not answer")
        return Polled(tuple(self.over), tuple(self.there))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[LivedWorld]:
    with LivedWorld(story.load(story.SHOP), tmp_path) as lived:
        lived.push(story.commit({"author": "Ada <a@x>", "message": "Poll", "files": {".rollbot.yaml": CONFIG}}, lived.clock.now()))
        lived.ports().repository.fetch()
        yield lived


@pytest.fixture
def prometheus() -> Prometheus:
    return Prometheus()


@pytest.fixture
def ports(world: LivedWorld, prometheus: Prometheus) -> Ports:
    return replace(world.ports(), metrics=prometheus)


@pytest.fixture
def swept(world: LivedWorld, ports: Ports):  # type: ignore[no-untyped-def]
    """Sweep `seconds` later, take in what came, and say what the incident's symptoms are by then."""

    def after(seconds: float) -> list[tuple[str, bool]]:
        world.clock.advance(seconds)
        sweep(ports)
        work(f"{INBOX}{ports.repository.name}", {ports.repository.name: ports})
        return [(s.name, s.resolved is None) for i in ports.store.incidents(ports.repository.name) for s in i.symptoms]

    return after


def test_a_series_that_stays_opens_an_incident_and_ends_when_it_is_measured_below(prometheus, swept, ports) -> None:
    prometheus.over = prometheus.there = [CHECKOUT]

    assert swept(1) == []
    assert swept(30) == []
    assert swept(31) == [("Errors", True)]
    assert swept(30) == [("Errors", True)]
    [incident] = ports.store.incidents(ports.repository.name)
    assert (str(incident.service), incident.acts, incident.symptoms[0].summary) == ("prod/checkout", True, "too many")

    prometheus.over = []
    assert swept(30) == [("Errors", False)]


def test_a_series_that_comes_and_goes_too_soon_is_nothing(prometheus, swept) -> None:
    prometheus.over = prometheus.there = [CHECKOUT]
    swept(1)
    prometheus.over = []
    swept(30)
    prometheus.over = [CHECKOUT]

    assert swept(40) == []


@pytest.mark.parametrize("how", ["away", "nothing measured"])
def test_want_of_data_ends_nothing(prometheus, swept, how) -> None:
    prometheus.over = prometheus.there = [CHECKOUT]
    swept(1)
    swept(60)

    prometheus.away = how == "away"
    prometheus.over = prometheus.there = []

    assert swept(30) == [("Errors", True)]
    assert swept(3600) == [("Errors", True)]


def test_without_queries_nothing_is_asked(world, ports, prometheus) -> None:
    world.push(
        story.commit({"author": "Ada <a@x>", "message": "Stop polling", "files": {".rollbot.yaml": "version: 1\n"}}, world.clock.now())
    )
    ports.repository.fetch()
    prometheus.away = True

    sweep(ports)

    assert ports.store.kept(f"polled:{ports.repository.name}") is None
