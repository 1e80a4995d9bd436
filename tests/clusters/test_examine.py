"""What `rollbot doctor` says of clusters."""

from __future__ import annotations

from bot.adapters.clusters.argocd.cluster import ArgoCluster
from bot.adapters.clusters.examine import examine
from bot.adapters.clusters.flux.cluster import FluxCluster
from bot.adapters.clusters.none import NoCluster
from bot.adapters.clusters.several import SeveralClusters
from bot.ports import Cluster
from tests.clusters.argocd import FakeArgo
from tests.clusters.http import FAULTS, Fault
from tests.clusters.kubernetes import FakeFlux
from tests.clusters.town import PROD, STAGING, Town


def said(cluster: Cluster, town: Town, ends_stuck: bool = False) -> list[tuple[str, str, str]]:
    services = [town.service(), town.service(environment="staging")]
    return [(found.check, found.state, found.what) for found in examine(cluster, services, ends_stuck)]


def test_without_a_cluster_it_says_what_that_costs(town: Town) -> None:
    [(check, state, what)] = said(NoCluster(), town)

    assert (check, state) == ("cluster", "note") and "arrival is taken from time alone" in what


def test_argo_cd_that_may_only_read_is_right_and_services_that_it_does_not_deliver_are_named(
    town: Town, argo: FakeArgo, cluster: ArgoCluster
) -> None:
    argo.add("checkout-prod", PROD, automated=False)
    argo.apps["checkout-prod"].sync["status"] = "OutOfSync"
    argo.denied.add("sync")

    found = said(cluster, town)

    assert [(check, state) for check, state, _ in found] == [
        ("argocd", "ok"),
        ("delivery", "ok"),
        ("delivery", "note"),
        ("delivery", "note"),
    ]
    assert "we are rollbot and see 1 Applications" in found[0][2]
    assert "nothing that we see delivers staging/checkout" in found[2][2]
    assert "argocd app sync argocd/checkout-prod" in found[3][2]


def test_ending_what_is_stuck_needs_one_more_right_and_not_ending_it_one_less(town: Town, argo: FakeArgo, cluster: ArgoCluster) -> None:
    argo.add("all", "apps")
    too_much = said(cluster, town)
    argo.denied.add("sync")
    too_little = said(cluster, town, ends_stuck=True)

    assert ("argocd", "note", "the token may sync Applications, which Rollbot never does") in too_much
    assert ("argocd", "bad", "outcomes.end_stuck is set, but the token may not end an operation") in too_little


def test_a_token_that_is_refused_is_bad(town: Town, argo: FakeArgo, cluster: ArgoCluster) -> None:
    argo.fault = FAULTS["401"]

    [(check, state, what)] = said(cluster, town)

    assert (check, state) == ("argocd", "bad") and "401: invalid session" in what


def test_flux_that_may_not_patch_is_slower(town: Town, flux: FakeFlux, kubernetes: FluxCluster) -> None:
    flux.kustomization("prod", f"./{PROD}")
    flux.kustomization("staging", f"./{STAGING}")
    flux.forbidden.add(("patch", "kustomizations"))

    found = said(kubernetes, town)

    assert [(check, state) for check, state, _ in found] == [("flux", "ok"), ("flux", "note"), ("delivery", "ok")]
    assert found[1][2].startswith("Kustomization cannot be asked to hurry")


def test_one_of_several_that_is_away_is_bad(
    town: Town, argo: FakeArgo, cluster: ArgoCluster, flux: FakeFlux, kubernetes: FluxCluster
) -> None:
    argo.add("all", "apps")
    flux.fault = Fault(500, b"oops", only="kustomizations")

    found = said(SeveralClusters([cluster, kubernetes]), town)

    assert ("flux", "bad") in [(check, state) for check, state, _ in found]
