"""Several places run one service: it arrived where all of them have our commit, and what does not answer is no arrival."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.adapters.git import GitRepository
from bot.errors import Refused, Unavailable
from bot.manifests.estate import Service
from bot.ports import Sync
from bot.reconciler.arriving import summed
from bot.refs import Instant, Sha
from bot.world.lived import LivedWorld
from tests.reconciler.talking import a_world, only


@pytest.fixture
def world(tmp_path: Path) -> Iterator[LivedWorld]:
    with a_world(tmp_path, {"policy": {"trust": {"prod": "merge"}}}) as lived:
        yield lived


@pytest.fixture
def repository(world: LivedWorld) -> GitRepository:
    world.repository.fetch()
    return world.repository


def test_it_arrived_where_every_place_holds_our_commit(world: LivedWorld, repository: GitRepository) -> None:
    older, ours, newer = (sha for sha, _, _ in world.origin.log()[-3:])

    both = summed(Sync(newer, 50.0, True, others=(Sync(ours, 90.0, None, "Unknown", where="eu"),)), ours, repository)
    one = summed(Sync(newer, 50.0, True, others=(Sync(older, 90.0, True, where="eu", by_hand="argocd app sync a/b"),)), ours, repository)
    sick = summed(Sync(newer, 50.0, True, others=(Sync(ours, 90.0, False, "Degraded", where="eu"),)), ours, repository)

    assert (both.ours, both.since, both.healthy, both.message) == (True, 90.0, None, "eu: Unknown")
    assert (one.ours, one.message) == (False, f"eu: it syncs by hand: argocd app sync a/b, it runs {older[:12]}")
    assert (sick.ours, sick.healthy, sick.message) == (True, False, "eu: Degraded")


def test_a_place_that_names_no_commit_has_not_got_ours(world: LivedWorld, repository: GitRepository) -> None:
    ours = world.origin.head()

    found = summed(Sync(None, None, None, "no Application delivers it"), ours, repository)

    assert (found.ours, found.message) == (False, "no Application delivers it")


class Silent:
    """A cluster that cannot be asked any more."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def sync(self, service: Service) -> Sync | None:
        raise self.error

    def hasten(self, service: Service, commit: Sha, stuck: Instant | None = None) -> tuple[str, ...]:
        raise self.error


@pytest.mark.parametrize("error", [Unavailable("Argo CD answered 500"), Refused("Argo CD answered 403")])
def test_a_cluster_that_does_not_answer_after_the_merge_calls_a_person_and_undoes_nothing(world: LivedWorld, error: Exception) -> None:
    world.release("checkout", "2.8.0")
    while not only_merged(world):
        world.pass_time(15)
    world._ports = replace(world.ports(), cluster=Silent(error))
    world.pass_time(20 * 60)

    waits = only(world)
    assert (waits.state, len(waits.actions), waits.action.arrived) == ("merged", 1, None)
    assert any("has not arrived in time" in notice.title and str(error) in notice.text for notice in world.pager.notices.values())

    world.pass_time(2 * 3600)
    assert (only(world).end, len(only(world).actions), world.desired("checkout")) == ("escalated", 1, "2.7.0")


def only_merged(world: LivedWorld) -> bool:
    return any(incident.state == "merged" for incident in world.incidents())


class Healed:
    """A cluster whose own controller takes the bad release back a while after it came."""

    def __init__(self, world: LivedWorld) -> None:
        self.world = world

    def sync(self, service: Service) -> Sync | None:
        found = self.world.cluster.sync(service)
        back = "HelmRelease shop/checkout: RollbackSucceeded to chart 2.7.0" if self.world.desired("checkout") == "2.8.0" else ""
        return found and replace(found, healed=back)

    def hasten(self, service: Service, commit: Sha, stuck: Instant | None = None) -> tuple[str, ...]:
        return ()


def test_where_the_cluster_went_back_by_itself_the_rollback_says_that_it_repairs_git(world: LivedWorld) -> None:
    world._ports = replace(world.ports(), cluster=Healed(world))
    world.release("checkout", "2.8.0")
    while not only_merged(world):
        world.pass_time(15)

    said = "\n".join(text for entry in world.ports().store.entries(only(world).id) for text in entry.because)
    assert "the cluster went back by itself, and this makes Git say so: HelmRelease shop/checkout: RollbackSucceeded" in said


def test_a_symptom_that_the_cluster_ended_leaves_git_to_be_repaired(tmp_path: Path) -> None:
    with a_world(tmp_path, {"policy": {"trust": {"prod": "notify"}, "cooldown": "1h"}, "alerts": {"acting_severities": ["page"]}}) as world:
        world._ports = replace(world.ports(), cluster=Healed(world))
        world.release("checkout", "2.8.0")
        while not world.incidents():
            world.pass_time(15)
        world.cluster.rollouts.append(replace(world.cluster.rollouts[-2], synced=world.clock.now(), serving=world.clock.now()))
        world.cluster.stuck = True
        world.pass_time(3600)

        ended = only(world)
        assert ended.end == "resolved-by-itself"
        assert "Git still asks for the bad version (HelmRelease shop/checkout: RollbackSucceeded" in ended.why
        assert "`/rollback checkout in prod` repairs Git" in ended.why
