from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.adapters.clusters.argocd.api import ArgoApi
from bot.adapters.clusters.argocd.cluster import ArgoCluster
from bot.adapters.clusters.flux.api import FluxApi
from bot.adapters.clusters.flux.cluster import FluxCluster
from bot.adapters.clusters.wire import Wire
from tests.clusters.argocd import FakeArgo
from tests.clusters.http import TOKEN
from tests.clusters.kubernetes import FakeFlux
from tests.clusters.town import Town


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    with Town(tmp_path) as made:
        yield made


@pytest.fixture
def argo(town: Town) -> Iterator[FakeArgo]:
    with FakeArgo(town.origin, town.now) as made:
        town.ticks.append(made.tick)
        yield made


@pytest.fixture
def cluster(town: Town, argo: FakeArgo) -> ArgoCluster:
    return ArgoCluster(ArgoApi(Wire(argo.url, "Argo CD", lambda: TOKEN)), town.repository)


@pytest.fixture
def flux(town: Town) -> Iterator[FakeFlux]:
    with FakeFlux(town.origin, town.now) as made:
        made.source()
        town.ticks.append(made.tick)
        yield made


@pytest.fixture
def kubernetes(town: Town, flux: FakeFlux) -> FluxCluster:
    return FluxCluster(FluxApi(Wire(flux.url, "Kubernetes", lambda: TOKEN)), town.repository)
