"""A service that Argo CD and Flux deliver, each in its own cluster."""

from __future__ import annotations

import pytest

from bot.adapters.clusters.argocd.cluster import ArgoCluster
from bot.adapters.clusters.flux.cluster import FluxCluster
from bot.adapters.clusters.several import SeveralClusters
from bot.errors import Unavailable
from tests.clusters.argocd import FakeArgo
from tests.clusters.http import FAULTS
from tests.clusters.kubernetes import FakeFlux
from tests.clusters.town import PROD, Town


@pytest.fixture
def both(cluster: ArgoCluster, kubernetes: FluxCluster) -> SeveralClusters:
    return SeveralClusters([cluster, kubernetes])


def test_each_is_a_place(town: Town, argo: FakeArgo, flux: FakeFlux, both: SeveralClusters) -> None:
    argo.add("checkout-prod", PROD)
    flux.kustomization("apps", f"./{PROD}")

    found = both.sync(town.service())

    assert found
    assert [place.where for place in found.places] == ["Application argocd/checkout-prod", "Kustomization flux-system/apps"]


def test_one_that_does_not_deliver_it_is_no_place(town: Town, argo: FakeArgo, flux: FakeFlux, both: SeveralClusters) -> None:
    nowhere = both.sync(town.service())
    flux.kustomization("apps", f"./{PROD}")
    found = both.sync(town.service())

    assert nowhere and nowhere.revision is None and "no Application" in nowhere.message and "no Kustomization" in nowhere.message
    assert found and [place.where for place in found.places] == ["Kustomization flux-system/apps"]


def test_one_that_does_not_answer_might_deliver_it_too(town: Town, argo: FakeArgo, flux: FakeFlux, both: SeveralClusters) -> None:
    flux.kustomization("apps", f"./{PROD}")
    argo.fault = FAULTS["500"]

    with pytest.raises(Unavailable, match="Argo CD"):
        both.sync(town.service())


def test_one_that_cannot_be_asked_to_hurry_keeps_no_other_from_it(
    town: Town, argo: FakeArgo, flux: FakeFlux, both: SeveralClusters
) -> None:
    flux.kustomization("apps", f"./{PROD}")
    argo.fault = FAULTS["500"]
    ours = town.bump("1.1.0")

    said = both.hasten(town.service(), ours)
    argo.fault = None

    found = both.sync(town.service())
    assert "could not be asked to hurry: Argo CD" in said[0] and found and found.revision == ours
