"""What is gathered before anything is weighed, and what is left out where it cannot be asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from bot.attribution.evidence import Edge, Evidence, Kind
from bot.attribution.onset import Onset
from bot.attribution.suspects import attribute
from bot.errors import Unavailable
from bot.incidents.incident import Incident, Symptom
from bot.ports import Sample
from bot.reconciler.casing import releases_of
from bot.reconciler.gathering import Accused, depended_on, evidence_of, kind_of, whose
from bot.reconciler.view import View, look_around
from bot.refs import Instant, ServiceRef
from bot.world.lived import LivedWorld
from tests.reconciler.talking import a_world
from tests.reconciler.test_weighing import JUDGED, Measured


class Lines:
    """Logs that count error lines of some services."""

    def __init__(self, *services: str) -> None:
        self.services = services

    def errors(self, query: str, service: ServiceRef, start: Instant, end: Instant) -> Sequence[Sample]:
        if service.name not in self.services:
            raise Unavailable("Loki did not answer")
        return [Sample({}, start + 15, 3.0), Sample({}, start, float("inf"))]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[LivedWorld]:
    with a_world(tmp_path, JUDGED | {"outcomes": {"error_logs": "sum(rate({a=`b`} [1m]))"}}) as lived:
        lived._ports = replace(lived.ports(), metrics=Measured(lived), logs=Lines("checkout"))
        lived.release("checkout", "2.8.0")
        lived.pass_time(90)
        yield lived


def service(view: View, name: str, environment: str = "prod") -> ServiceRef:
    [found] = view.state.estate.named(name, environment)
    return found.ref


def gathered(world: LivedWorld) -> tuple[Evidence, View]:
    ports = world.ports()
    view = look_around(ports)
    onset = Onset(view.now - 30, view.now - 30, "")
    refs = [service(view, "checkout"), *depended_on(service(view, "checkout"), view)]
    accused = []
    for ref in refs:
        history = releases_of(ref, view.state)
        accused.append(Accused(ref, attribute(history, onset, None, frozenset(), view.config.attribution), history))
    symptom = Symptom("k", "alertmanager", "HighErrorRate", {}, view.now, "critical", acts=True)
    incident = Incident("i", refs[0], view.now, symptoms=(symptom,))
    return evidence_of(incident, accused, view, ports), view


def test_all_that_can_be_known_is_gathered(world: LivedWorld) -> None:
    found, view = gathered(world)

    assert {candidate.service for candidate in found.candidates} == {"checkout", "payments"}
    newest = max(found.candidates, key=lambda candidate: candidate.released_at)
    assert (newest.service, newest.key) == ("checkout", view.state.head)
    assert newest.touched is not None
    assert "2.7.0 -> 2.8.0" in newest.touched.diff
    assert newest.record.harmless > 0
    assert found.edges == (Edge("checkout", "payments"),)
    assert {series.service for series in found.series if series.metric == "errors"} >= {"checkout", "payments", "search"}
    assert (found.alert.service, found.alert.kind) == ("checkout", Kind.ERRORS)


def test_logs_of_those_that_answer_are_series_too(world: LivedWorld) -> None:
    found, _ = gathered(world)

    [lines] = [series for series in found.series if series.metric == "error lines"]
    assert (lines.service, lines.values[1]) == ("checkout", 3.0)
    assert lines.values[0] != lines.values[0]  # what is no number is missing


def test_metrics_that_are_down_leave_no_series(world: LivedWorld) -> None:
    world.metrics.down = True
    world._ports = replace(world.ports(), metrics=world.metrics, logs=None)

    assert gathered(world)[0].series == ()


@pytest.mark.parametrize(
    ("labels", "label", "name"),
    [
        ({"svc": "checkout"}, "svc", "checkout"),
        ({"svc": "nobody"}, "svc", None),
        ({}, "svc", None),
        ({"service": "payments"}, "", "payments"),
        ({"service": "payments", "environment": "staging"}, "", None),
        ({"pod": "checkout-7d9f8b6c5d-x2x4z"}, "", "checkout"),
        ({"service": 'x"} or up{'}, "", None),
    ],
)
def test_whose_a_series_is(world: LivedWorld, labels: dict[str, str], label: str, name: str | None) -> None:
    view = look_around(world.ports())

    assert whose(labels, label, service(view, "checkout"), view) == name


def test_services_that_call_each_other_are_gone_through_once(tmp_path: Path) -> None:
    circle = {"dependencies": {"checkout": ["payments", "nobody"], "payments": ["checkout", "search"]}}
    with a_world(tmp_path, circle) as world:
        view = look_around(world.ports())

        assert [ref.name for ref in depended_on(service(view, "checkout"), view)] == ["payments", "search"]


@pytest.mark.parametrize(
    ("name", "kind"),
    [("HighLatencyP99", Kind.LATENCY), ("AvailabilityBurnRate", Kind.AVAILABILITY), ("HighErrorRate", Kind.ERRORS), ("X", Kind.ERRORS)],
)
def test_what_an_alert_measures_is_guessed_by_its_name(name: str, kind: Kind) -> None:
    assert kind_of(name) is kind
