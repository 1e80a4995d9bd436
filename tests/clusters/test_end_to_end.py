"""A bad release in a world whose cluster is an Argo CD over HTTP: rolled back, refreshed, synced, recovered; or stuck, and said so."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.adapters.clusters.argocd.api import ArgoApi
from bot.adapters.clusters.argocd.cluster import ArgoCluster
from bot.adapters.clusters.flux.api import FluxApi
from bot.adapters.clusters.flux.cluster import FluxCluster
from bot.adapters.clusters.wire import Wire
from bot.incidents.incident import Incident
from bot.refs import Sha
from bot.world import story
from bot.world.cluster import Rollout
from bot.world.lived import LivedWorld
from bot.world.story import Story
from tests.clusters.argocd import FakeArgo
from tests.clusters.http import FAULTS, TOKEN, Fault
from tests.clusters.kubernetes import FakeFlux

HOUR = 3600.0


class ArgoWorld(LivedWorld):
    """What serves is what Argo CD applied, and Rollbot knows no more of it than what Argo CD answers."""

    def __init__(self, told: Story, folder: Path, stack: ExitStack) -> None:
        super().__init__(told, folder)
        self.argo = stack.enter_context(FakeArgo(self.origin, self.clock.now))
        self.app = self.argo.add("shop", ".")
        self._seen = len(self.argo.applied)
        wire = Wire(self.argo.url, "Argo CD", lambda: TOKEN)
        self._ports = replace(self._ports, cluster=ArgoCluster(ArgoApi(wire), self.repository))

    def _sync(self) -> None:
        self.argo.tick()
        for _, revision in self.argo.applied[self._seen :]:
            [seen] = self.cluster._read([revision])
            self.cluster.rollouts.append(Rollout(revision, self.clock.now(), self.clock.now() + 30, *seen))
        self._seen = len(self.argo.applied)
        self.app.health = "Healthy" if self.clock.now() >= self.cluster.rollouts[-1].serving else "Progressing"

    def said(self) -> str:
        [incident] = self.incidents()
        return "\n".join(f"{entry.what}: {'; '.join(entry.because)}" for entry in self.ports().store.entries(incident.id))

    def incident(self) -> Incident:
        [found] = self.incidents()
        return found


class FluxWorld(LivedWorld):
    """The same with Flux: one Kustomization of the applications."""

    def __init__(self, told: Story, folder: Path, stack: ExitStack) -> None:
        super().__init__(told, folder)
        self.flux = stack.enter_context(FakeFlux(self.origin, self.clock.now))
        self.flux.source()
        self.kustomization = self.flux.kustomization("shop", "./apps")
        self._ports = replace(self._ports, cluster=FluxCluster(FluxApi(Wire(self.flux.url, "Kubernetes", lambda: TOKEN)), self.repository))

    def _sync(self) -> None:
        self.flux.tick()
        revision = Sha(self.kustomization["status"]["lastAppliedRevision"].rpartition(":")[2])
        if revision != self.cluster.rollouts[-1].revision:
            [seen] = self.cluster._read([revision])
            self.cluster.rollouts.append(Rollout(revision, self.clock.now(), self.clock.now() + 30, *seen))


def a_world(folder: Path, stack: ExitStack, **outcomes: Any) -> ArgoWorld:
    raw = yaml.safe_load(story.SHOP.read_text())
    raw["history"][0]["files"][".rollbot.yaml"] = yaml.safe_dump({"policy": {"trust": {"prod": "merge"}}, "outcomes": outcomes})
    return ArgoWorld(story.read(raw), folder, stack)


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as opened:
        yield opened


def until(world: LivedWorld, state: str, within: float = HOUR) -> None:
    end = world.clock.now() + within
    while not any(each.state == state for each in world.incidents()):
        assert world.clock.now() < end, [each.state for each in world.incidents()]
        world.pass_time(15)


def test_it_is_rolled_back_refreshed_synced_and_recovered(tmp_path: Path, stack: ExitStack) -> None:
    with stack.enter_context(a_world(tmp_path, stack)) as world:
        world.pass_time(600)
        world.release("checkout", "2.8.0")
        until(world, "merged")
        merged = world.clock.now()
        until(world, "arrived", 120)

        arrived = world.incident().action.arrived
        assert arrived is not None and arrived - merged < 90, "a refresh, not the next poll"
        until(world, "ended")

        ended = world.incident()
        assert (ended.end, len(ended.actions), ended.action.helped) == ("recovered", 1, True)
        assert (world.desired("checkout"), world.deployed("checkout"), world.healthy("checkout")) == ("2.7.0", "2.7.0", True)
        assert "Application argocd/shop was asked to look at Git" in world.said()
        assert "the cluster ran it when the symptom began" in world.said()


def test_a_sync_that_is_stuck_is_not_arrived_and_nothing_is_undone(tmp_path: Path, stack: ExitStack) -> None:
    with stack.enter_context(a_world(tmp_path, stack, give_up="40m")) as world:
        world.release("checkout", "2.8.0")
        until(world, "merged")
        world.app.stuck = True
        world.pass_time(20 * 60)

        waits = world.incident()
        assert (waits.state, len(waits.actions)) == ("merged", 1)
        assert any("has not arrived in time" in notice.title for notice in world.pager.notices.values())
        assert "its sync is Running: waiting for completion of hook batch/Job/migrate" in world.said()

        world.pass_time(HOUR)
        assert (world.incident().end, len(world.incident().actions), world.desired("checkout")) == ("escalated", 1, "2.7.0")
        assert not [asked for asked in world.argo.asked if asked.startswith("DELETE")]


def test_a_stuck_sync_of_the_bad_release_is_ended_where_that_is_configured(tmp_path: Path, stack: ExitStack) -> None:
    with stack.enter_context(a_world(tmp_path, stack, end_stuck="5m")) as world:
        world.release("checkout", "2.8.0")
        until(world, "merged")
        world.app.operation = None
        world.argo.start(world.app)
        world.app.operation |= {"startedAt": "2026-03-12T02:00:00Z", "syncResult": {"revision": world.origin.log()[-2][0]}}
        world.app.stuck = True
        until(world, "ended", 2 * HOUR)

        assert "the sync that held another revision was ended" in world.said()
        assert (world.incident().end, world.deployed("checkout")) == ("recovered", "2.7.0")


def test_what_syncs_by_hand_has_not_arrived_until_a_person_ran_the_command(tmp_path: Path, stack: ExitStack) -> None:
    with stack.enter_context(a_world(tmp_path, stack)) as world:
        world.release("checkout", "2.8.0")
        until(world, "merged")
        world.app.spec["syncPolicy"] = {}
        world.app.operation = None
        world.pass_time(20 * 60)

        [late] = [notice for notice in world.pager.notices.values() if "has not arrived in time" in notice.title]
        assert "it syncs by hand: argocd app sync argocd/shop" in late.text
        world.argo.start(world.app)
        until(world, "ended")
        assert world.incident().end == "recovered"


@pytest.mark.parametrize("fault", ["500", "truncated", "403"])
def test_an_argo_cd_that_fails_for_a_while_delays_and_decides_nothing(tmp_path: Path, stack: ExitStack, fault: str) -> None:
    with stack.enter_context(a_world(tmp_path, stack)) as world:
        world.release("checkout", "2.8.0")
        until(world, "merged")
        world.argo.fault = FAULTS[fault]
        world.pass_time(10 * 60)
        assert (world.incident().state, len(world.incident().actions)) == ("merged", 1)
        assert "whether the cluster has applied it cannot be told" in world.said()

        world.argo.fault = None
        until(world, "ended")
        assert world.incident().end == "recovered"


def test_before_it_acts_an_argo_cd_that_is_away_means_that_nobody_knows_what_ran(tmp_path: Path, stack: ExitStack) -> None:
    with stack.enter_context(a_world(tmp_path, stack)) as world:
        world.release("checkout", "2.8.0")
        world.argo.fault = Fault(503)
        until(world, "proposed")

        assert world.incident().action.mode == "propose"
        assert "no cluster says since when it ran" in world.said()


def test_flux_is_asked_to_reconcile_and_it_recovers(tmp_path: Path, stack: ExitStack) -> None:
    raw = yaml.safe_load(story.SHOP.read_text())
    raw["history"][0]["files"][".rollbot.yaml"] = yaml.safe_dump({"policy": {"trust": {"prod": "merge"}}})
    with stack.enter_context(FluxWorld(story.read(raw), tmp_path, stack)) as world:
        world.pass_time(600)
        world.release("checkout", "2.8.0")
        until(world, "merged")
        merged = world.clock.now()
        until(world, "ended")

        [ended] = world.incidents()
        assert (ended.end, len(ended.actions), world.deployed("checkout")) == ("recovered", 1, "2.7.0")
        assert ended.action.arrived is not None and ended.action.arrived - merged < 60, "sooner than its interval of ten minutes"
