"""Which Applications deliver a service: sources, value files, branches, children, rendered branches."""

from __future__ import annotations

import pytest

from bot.adapters.clusters.argocd.cluster import ArgoCluster
from bot.adapters.clusters.delivering import known_as
from bot.manifests.estate import Service
from bot.manifests.rules import ManifestRules
from bot.reconciler.look import look
from bot.refs import ServiceRef
from tests.clusters.argocd import FakeArgo
from tests.clusters.town import PROD, Town, overlay

NAME = "git.example/shop/manifests"
SAME = ("https://git.example/shop/manifests.git", "git@git.example:shop/manifests", "ssh://git@git.example:7999/scm/Shop/Manifests.git/")
INNER = "http://gitea-http.gitea.svc.cluster.local:3000/shop/manifests"


@pytest.mark.parametrize(
    ("given", "known"),
    [
        pytest.param(SAME, SAME, id="scheme, user, port, case and ending do not matter"),
        pytest.param((*SAME, INNER), SAME, id="its own host goes before another"),
        pytest.param((INNER, "https://git.example/shop/other"), (INNER,), id="an inner name of the host"),
        pytest.param(("https://git.example/manifests", "https://manifests", "", "git.example", "https://[broken"), (), id="others"),
    ],
)
def test_a_repository_is_known_by_host_and_path(given: tuple[str, ...], known: tuple[str, ...]) -> None:
    assert known_as(given, NAME) == set(known)


def test_the_same_folder_on_three_clusters_is_three_places(town: Town, argo: FakeArgo, cluster: ArgoCluster) -> None:
    for name in ("eu", "us", "asia"):
        argo.add(f"checkout-{name}", PROD, destination={"name": name, "namespace": "shop"})
    argo.apps["checkout-us"].spec["syncPolicy"] = {}
    ours = town.bump("1.1.0")
    town.pass_time(200)

    found = cluster.sync(town.service())

    assert found
    assert {place.where: place.revision == ours for place in found.places} == {
        "Application argocd/checkout-eu on eu": True,
        "Application argocd/checkout-us on us": False,
        "Application argocd/checkout-asia on asia": True,
    }


def test_several_sources_are_read_at_our_own_place_whatever_their_order_was(town: Town, argo: FakeArgo, cluster: ArgoCluster) -> None:
    values = {"repoURL": argo.address, "targetRevision": "main", "ref": "values"}
    chart = {"repoURL": "https://charts.example", "chart": "checkout", "targetRevision": "1.2.3"}
    chart["helm"] = {"valueFiles": ["$values/envs/prod/checkout/values.yaml"]}  # type: ignore[assignment]
    town.push({"envs/prod/checkout/values.yaml": 'image:\n  repository: ghcr.io/shop/api\n  tag: "1"\n'})
    argo.add("api-prod", sources=[chart, values])
    argo.add("api-staging", sources=[chart | {"helm": {"valueFiles": ["$values/envs/staging/api/values.yaml"]}}, values])
    ours = town.push({"envs/prod/checkout/values.yaml": 'image:\n  repository: ghcr.io/shop/api\n  tag: "2"\n'})
    town.pass_time(200)

    found = cluster.sync(_of("envs/prod/checkout/values.yaml"))

    assert found and (found.where, found.revision) == ("Application argocd/api-prod", ours)
    assert argo.apps["api-prod"].sync["revisions"] == ["1.2.3", ours]


def test_value_files_beside_the_chart_tell_environments_apart(town: Town, argo: FakeArgo, cluster: ArgoCluster) -> None:
    files = {f"charts/api/{name}.yaml": "image: {repository: x/api, tag: '1'}\n" for name in ("values", "values-prod", "values-staging")}
    town.push({"charts/api/Chart.yaml": "name: api\nversion: 0.1.0\n", **files})
    for environment in ("prod", "staging"):
        source = {"repoURL": argo.address, "path": "charts/api", "targetRevision": "HEAD"}
        argo.add(f"api-{environment}", source=source | {"helm": {"valueFiles": ["values.yaml", f"values-{environment}.yaml"]}})

    found = cluster.sync(_of("charts/api/values-prod.yaml"))

    assert found and [place.where for place in found.places] == ["Application argocd/api-prod"]


def test_an_application_that_follows_another_branch_is_taken_only_where_none_follows_ours(
    town: Town, argo: FakeArgo, cluster: ArgoCluster
) -> None:
    town.push({f"{PROD}/kustomization.yaml": overlay("0.9.0")}, "release")
    argo.add("checkout-release", source={"repoURL": argo.address, "path": PROD, "targetRevision": "release"})
    alone = cluster.sync(town.service())
    argo.add("checkout-main", PROD)
    both = cluster.sync(town.service())

    assert alone and alone.where == "Application argocd/checkout-release"
    assert both and [place.where for place in both.places] == ["Application argocd/checkout-main"]


def test_an_application_in_our_files_has_arrived_once_it_has_synced_itself(town: Town, argo: FakeArgo, cluster: ArgoCluster) -> None:
    def told(version: str) -> str:
        source = f"source: {{repoURL: https://charts.example, chart: redis, targetRevision: {version}}}"
        return (
            f"apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{name: redis-prod, namespace: argocd}}\nspec: {{{source}}}\n"
        )

    town.push({"argocd/prod/redis.yaml": told("1.0.0")})
    argo.add("root", "argocd/prod")
    child = argo.add("redis-prod", source={"repoURL": "https://charts.example", "chart": "redis", "targetRevision": "1.0.0"})
    service = _child_of(town)
    before = cluster.sync(service)
    ours = town.push({"argocd/prod/redis.yaml": told("1.1.0")})
    cluster.hasten(service, ours)
    town.pass_time(15)
    child.spec["source"]["targetRevision"] = "1.1.0"  # the parent applied it
    waits = cluster.sync(service)
    argo.compare(child)
    town.pass_time(15)
    done = cluster.sync(service)

    assert before and (before.where, before.healthy) == ("Application argocd/root", True)
    assert waits and (waits.revision, waits.healthy) == (ours, False)
    assert done and (done.revision, done.healthy) == (ours, True)


def test_a_rendered_branch_is_judged_by_the_dry_commit(town: Town, argo: FakeArgo, cluster: ArgoCluster) -> None:
    dry = town.origin.head()
    wet = town.push({f"{PROD}/manifest.yaml": "kind: Deployment\n"}, "env/prod")
    hydrator = {
        "drySource": {"repoURL": argo.address, "path": PROD, "targetRevision": "main"},
        "syncSource": {"targetBranch": "env/prod", "path": PROD},
    }
    source = {"repoURL": argo.address, "path": PROD, "targetRevision": "env/prod"}
    app = argo.add("checkout-prod", source=source, sourceHydrator=hydrator)
    app.hydrator = {"lastSuccessfulOperation": {"drySHA": dry, "hydratedSHA": wet}}
    known = cluster.sync(town.service())
    app.hydrator = {"lastSuccessfulOperation": {"drySHA": town.bump("1.1.0"), "hydratedSHA": "f" * 40}}
    unknown = cluster.sync(town.service())

    assert known and known.revision == dry
    assert unknown and unknown.revision is None


def test_children_of_an_application_set_are_found_by_what_it_made(town: Town, argo: FakeArgo, cluster: ArgoCluster) -> None:
    town.push({"argocd/prod/set.yaml": _SET})
    argo.add("root", "argocd/prod")
    chart = {"repoURL": "https://charts.example", "chart": "redis", "targetRevision": "1.0.0"}
    argo.add("redis-prod", source=dict(chart))
    argo.made["caches"] = ("redis-prod",)
    argo.add("redis-other", source=dict(chart))
    argo.apps["redis-prod"].health = "Degraded"

    found = cluster.sync(_child_of(town))

    assert found and (found.where, found.healthy) == ("Application argocd/root", False)
    assert "redis-prod" in found.message and "redis-other" not in found.message


_SET = """apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: {name: caches, namespace: argocd}
spec:
  generators:
    - list:
        elements:
          - {cluster: prod, name: redis, chartVersion: 1.0.0}
  template:
    metadata: {name: '{{name}}-{{cluster}}'}
    spec: {source: {repoURL: https://charts.example, chart: redis, targetRevision: '{{chartVersion}}'}}
"""


def _of(path: str) -> Service:
    return Service(ServiceRef("shop", "prod", "api"), (), (path,))


def _child_of(town: Town) -> Service:
    town.repository.fetch()
    services = look(town.repository, town.cache, ManifestRules()).estate.services
    [found] = [each for each in services if any(pin.path.startswith("argocd/") for pin in each.pins)]
    return found
