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
    assert (one.ours, one.message) == (False, f"eu: it runs {older[:12]}, it syncs by hand: argocd app sync a/b")
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
