"""Every cluster, held to the same promises: it runs what it says, missing data says nothing, and asking twice is asking once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import pytest

from bot.adapters.clusters.argocd.api import ArgoApi
from bot.adapters.clusters.argocd.cluster import ArgoCluster
from bot.adapters.clusters.flux.api import FluxApi
from bot.adapters.clusters.flux.cluster import FluxCluster
from bot.adapters.clusters.none import NoCluster
from bot.adapters.clusters.table import CLUSTERS, Reached, opened
from bot.adapters.clusters.wire import Wire
from bot.errors import Refused, Unavailable
from bot.outcomes.job import Phase
from bot.ports import Cluster
from tests.clusters.argocd import FakeArgo
from tests.clusters.http import FAULTS, TOKEN, Loopback
from tests.clusters.kubernetes import FakeFlux
from tests.clusters.town import PROD, STAGING, Town

JOB = "rollbot-down-0123abcd"
REFUSED = ("401", "403", "redirect")


class Site(Protocol):
    """A cluster, the stand-in behind it (None where nothing is asked), and the repository that it applies."""

    town: Town
    cluster: Cluster
    api: Loopback | None
    wire: Wire


class NoSite:
    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.town, self.api = stack.enter_context(Town(folder)), None
        self.wire = Wire("http://127.0.0.1:9", "nobody")
        self.cluster: Cluster = opened(Reached(), self.town.repository)


class ArgoSite:
    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.town = stack.enter_context(Town(folder))
        self.api = self.argo = stack.enter_context(FakeArgo(self.town.origin, self.town.now))
        self.town.ticks.append(self.argo.tick)
        self.argo.add("checkout-prod", PROD)
        self.argo.add("checkout-staging", STAGING)
        self.wire = Wire(self.argo.url, "Argo CD", lambda: TOKEN)
        self.cluster: Cluster = ArgoCluster(ArgoApi(self.wire), self.town.repository)


class FluxSite:
    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.town = stack.enter_context(Town(folder))
        self.api = self.flux = stack.enter_context(FakeFlux(self.town.origin, self.town.now))
        self.town.ticks.append(self.flux.tick)
        self.flux.source()
        self.flux.kustomization("checkout-prod", f"./{PROD}")
        self.flux.kustomization("checkout-staging", f"./{STAGING}")
        self.wire = Wire(self.flux.url, "Kubernetes", lambda: TOKEN)
        self.cluster: Cluster = FluxCluster(FluxApi(self.wire), self.town.repository)


SITES: dict[str, Callable[[Path, ExitStack], Site]] = {"none": NoSite, "argocd": ArgoSite, "flux": FluxSite}


@pytest.fixture(params=SITES)
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    with ExitStack() as stack:
        yield SITES[request.param](tmp_path, stack)


@pytest.fixture(params=[name for name in SITES if name != "none"])
def asked(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Site, Loopback]]:
    with ExitStack() as stack:
        made = SITES[request.param](tmp_path, stack)
        assert made.api is not None
        yield made, made.api


def test_what_cannot_be_told_is_none(site: Site) -> None:
    found = site.cluster.sync(site.town.service())

    assert (found is None) is isinstance(site.cluster, NoCluster)


def test_a_job_that_nothing_has_run_waits(site: Site) -> None:
    found = site.cluster.job(site.town.service(), JOB)

    assert found == (found and replace(found, phase=Phase.WAITING))
    assert (found is None) is isinstance(site.cluster, NoCluster)


def test_a_commit_arrives_by_itself_and_sooner_when_asked(site: Site) -> None:
    before = site.cluster.sync(site.town.service())
    site.town.pass_time(60)
    ours = site.town.bump("1.1.0")
    site.cluster.hasten(site.town.service(), ours)
    site.town.pass_time(60)

    found = site.cluster.sync(site.town.service())

    if found is None or before is None:
        return
    assert before.revision != ours and found.revision == ours
    assert (found.healthy, found.others, found.by_hand, found.healed) == (True, (), "", "")
    assert found.where and found.since is not None and found.since <= site.town.time
    assert [sha for sha, _ in found.earlier] == [before.revision]
    assert found.earlier[0][1] < found.since


def test_without_asking_it_arrives_later(asked: tuple[Site, Loopback]) -> None:
    site, _ = asked
    ours = site.town.bump("1.1.0")

    site.town.pass_time(700)

    found = site.cluster.sync(site.town.service())
    assert found and found.revision == ours


def test_another_environments_commit_is_another_places(asked: tuple[Site, Loopback]) -> None:
    site, _ = asked
    prod, staging = site.town.service(), site.town.service(environment="staging")

    there, here = site.cluster.sync(staging), site.cluster.sync(prod)

    assert there and here and there.where != here.where


def test_asking_again_and_again_changes_nothing_more(asked: tuple[Site, Loopback]) -> None:
    site, _ = asked
    ours = site.town.bump("1.1.0")
    for _ in range(3):
        site.cluster.hasten(site.town.service(), ours)
        site.town.pass_time(30)

    found = site.cluster.sync(site.town.service())

    assert found and found.revision == ours and len(found.earlier) == 1


def test_a_service_that_it_does_not_deliver_has_not_arrived(asked: tuple[Site, Loopback]) -> None:
    from bot.manifests.estate import Service
    from bot.refs import ServiceRef

    site, _ = asked
    found = site.cluster.sync(Service(ServiceRef("shop", "prod", "unknown"), (), ("elsewhere/kustomization.yaml",)))

    assert found and (found.revision, found.since, found.healthy, found.where) == (None, None, None, "")
    assert "prod/unknown" in found.message


@pytest.mark.parametrize("name", FAULTS)
def test_nothing_is_concluded_from_an_answer_that_failed(asked: tuple[Site, Loopback], name: str) -> None:
    site, api = asked
    service, ours = site.town.service(), site.town.bump("1.1.0")
    api.fault = FAULTS[name]
    site.wire.timeout = 0.2 if name == "hangs" else 10.0

    for question in (
        lambda: site.cluster.sync(service),
        lambda: site.cluster.hasten(service, ours),
        lambda: site.cluster.job(service, JOB),
    ):
        with pytest.raises(Refused if name in REFUSED else Unavailable) as raised:
            question()
        assert TOKEN not in str(raised.value) and "127.0.0.1" in str(raised.value)

    api.fault, site.wire.timeout = None, 10.0
    site.town.pass_time(700)
    found = site.cluster.sync(service)
    assert found and found.revision == ours


def test_a_token_that_is_not_known_is_refused(asked: tuple[Site, Loopback]) -> None:
    site, api = asked
    api.token = "another-token-altogether"

    with pytest.raises(Refused, match="401"):
        site.cluster.sync(site.town.service())


def test_every_row_is_held_to_it() -> None:
    assert CLUSTERS.keys() == SITES.keys()
