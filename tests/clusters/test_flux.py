"""Flux asked through the Kubernetes API: which Kustomizations deliver a service, what they run, and how they are."""

from __future__ import annotations

from typing import Any

import pytest

from bot.adapters.clusters.answers import commit_in
from bot.adapters.clusters.flux.cluster import FluxCluster
from bot.errors import Refused
from bot.manifests.estate import Service
from bot.manifests.rules import ManifestRules
from bot.reconciler.look import look
from tests.clusters.kubernetes import FakeFlux, ready
from tests.clusters.town import PROD, START, Town

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("revision", "commit"),
    [
        (f"main@sha1:{COMMIT}", COMMIT),
        (f"feature/x@sha1:{COMMIT}", COMMIT),
        (f"main/{COMMIT}", COMMIT),
        (f"sha1:{COMMIT}", COMMIT),
        (COMMIT, COMMIT),
        ("a" * 64, "a" * 64),
        (f"v1.2.3@sha256:{'a' * 64}", None),
        (f"sha256:{'a' * 64}", None),
        ("1.2.3", None),
        (f"1.2.3+{COMMIT[:12]}", None),
        ("main", None),
        ("--upload-pack=x", None),
        (None, None),
        (7, None),
    ],
)
def test_a_revision_names_a_commit_or_none(revision: Any, commit: str | None) -> None:
    assert commit_in(revision) == commit


def test_it_says_which_commit_runs_since_when_and_what_ran_before(town: Town, flux: FakeFlux, kubernetes: FluxCluster) -> None:
    first = town.origin.head()
    flux.kustomization("apps", f"./{PROD}/")
    town.pass_time(300)
    second = town.bump("1.1.0")
    town.pass_time(600)

    found = kubernetes.sync(town.service())

    assert found and (found.revision, found.healthy, found.where) == (second, True, "Kustomization flux-system/apps")
    assert found.since is not None and START + 300 < found.since <= town.time
    assert found.earlier == ((first, START),)
    assert [sha for sha, _ in found.begun] == [second, first]


def test_content_that_came_back_leaves_open_what_ran_in_between(town: Town, flux: FakeFlux, kubernetes: FluxCluster) -> None:
    flux.kustomization("apps", f"./{PROD}")
    for tag in ("1.1.0", "1.0.0"):
        town.pass_time(700)
        ours = town.bump(tag)
    town.pass_time(700)

    found = kubernetes.sync(town.service())

    assert found and (found.revision, found.since, found.earlier) == (ours, None, ())


def test_what_was_applied_and_is_not_well_is_told_and_counts_as_running(town: Town, flux: FakeFlux, kubernetes: FluxCluster) -> None:
    first = town.origin.head()
    flux.kustomization("apps", f"./{PROD}")
    town.pass_time(300)
    flux.unhealthy = True
    bad = town.bump("1.1.0")
    town.pass_time(600)

    found = kubernetes.sync(town.service())

    assert found and (found.revision, found.since, found.healthy) == (first, START, False)
    assert "HealthCheckFailed: health check failed" in found.message and f"it attempted main@sha1:{bad}" in found.message
    assert [sha for sha, _ in found.earlier] == [bad]


def test_without_health_checks_health_is_not_known(town: Town, flux: FakeFlux, kubernetes: FluxCluster) -> None:
    flux.kustomization("apps", f"./{PROD}", wait=False)
    plain = kubernetes.sync(town.service())
    flux.kustomization("apps", f"./{PROD}", wait=False, healthChecks=[{"kind": "Deployment", "name": "checkout"}])
    checked = kubernetes.sync(town.service())

    assert plain and plain.healthy is None
    assert checked and checked.healthy is True


def test_asking_patches_each_once_and_a_suspended_one_never(town: Town, flux: FakeFlux, kubernetes: FluxCluster) -> None:
    found = flux.kustomization("apps", f"./{PROD}")
    flux.kustomization("other", "./elsewhere")
    ours = town.bump("1.1.0")

    first = kubernetes.hasten(town.service(), ours)
    again = kubernetes.hasten(town.service(), ours)

    assert first == (
        "GitRepository flux-system/manifests was asked to reconcile",
        "Kustomization flux-system/apps was asked to reconcile",
    )
    assert again == ()
    assert found["metadata"]["annotations"] == {"reconcile.fluxcd.io/requestedAt": f"rollbot-{ours}"}
    assert [asked.split("?")[0] for asked in flux.asked if asked.startswith("PATCH")] == [
        "PATCH /apis/source.toolkit.fluxcd.io/v1/namespaces/flux-system/gitrepositories/manifests",
        "PATCH /apis/kustomize.toolkit.fluxcd.io/v1/namespaces/flux-system/kustomizations/apps",
    ]


def test_a_suspended_one_is_named_with_its_command_and_not_asked(town: Town, flux: FakeFlux, kubernetes: FluxCluster) -> None:
    first = town.origin.head()
    flux.kustomization("apps", f"./{PROD}")["spec"]["suspend"] = True
    ours = town.bump("1.1.0")
    said = kubernetes.hasten(town.service(), ours)
    town.pass_time(1200)

    found = kubernetes.sync(town.service())

    assert said == ("GitRepository flux-system/manifests was asked to reconcile",)
    assert found and (found.revision, found.by_hand) == (first, "flux resume kustomization apps -n flux-system")
    assert "Kustomization flux-system/apps is suspended" in found.message


def test_a_source_that_cannot_fetch_is_told(town: Town, flux: FakeFlux, kubernetes: FluxCluster) -> None:
    flux.kustomization("apps", f"./{PROD}")
    source = flux.objects["gitrepositories", "flux-system", "manifests"]
    source["status"]["conditions"] = [ready("False", "GitOperationFailed", "authentication required", START)]

    found = kubernetes.sync(town.service())

    assert found and "GitRepository flux-system/manifests: GitOperationFailed: authentication required" in found.message


@pytest.mark.parametrize(
    ("ref", "follows"),
    [({"branch": "main"}, True), (None, False), ({"name": "refs/heads/main"}, True), ({"branch": "main", "tag": "v1"}, False)],
)
def test_who_follows_our_branch_goes_before_who_does_not(
    town: Town, flux: FakeFlux, kubernetes: FluxCluster, ref: Any, follows: bool
) -> None:
    flux.source("elsewhere", ref=ref)
    flux.kustomization("there", f"./{PROD}", "elsewhere")
    alone = kubernetes.sync(town.service())
    flux.kustomization("here", f"./{PROD}")
    both = kubernetes.sync(town.service())

    assert alone and alone.where == "Kustomization flux-system/there"
    assert both and len(both.places) == (2 if follows else 1)


def test_an_oci_artefact_is_judged_by_the_commit_that_it_was_made_of(town: Town, flux: FakeFlux, kubernetes: FluxCluster) -> None:
    ours = town.bump("1.1.0")
    artifact = {
        "revision": f"latest@sha256:{'a' * 64}",
        "metadata": {"org.opencontainers.image.source": flux.address, "org.opencontainers.image.revision": f"main@sha1:{ours}"},
    }
    source = flux.add("ocirepositories", "manifests", {"url": "oci://ghcr.io/shop/manifests"})
    source["status"] = {"observedGeneration": 1, "artifact": artifact, "conditions": [ready("True", "Succeeded", "stored", START)]}
    flux.kustomization("apps", "./checkout/overlays/prod", sourceRef={"kind": "OCIRepository", "name": "manifests"})

    found = kubernetes.sync(town.service())

    assert found and (found.where, found.revision, found.healthy) == ("Kustomization flux-system/apps", ours, True)


HELM = "clusters/prod/redis.yaml"


def release(version: str) -> str:
    chart = f"chart: {{spec: {{chart: redis, version: {version}, sourceRef: {{kind: HelmRepository, name: charts}}}}}}"
    meta = "metadata: {name: redis, namespace: shop}"
    return f"apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\n{meta}\nspec:\n  interval: 5m\n  {chart}\n"


def redis(town: Town) -> Service:
    town.repository.fetch()
    services = look(town.repository, town.cache, ManifestRules()).estate.services
    [found] = [each for each in services if HELM in each.files]
    return found


def test_a_helm_release_has_arrived_once_its_own_controller_has_brought_it(town: Town, flux: FakeFlux, kubernetes: FluxCluster) -> None:
    town.push({HELM: release("1.0.0")})
    flux.kustomization("prod", "./clusters/prod", wait=False)
    town.pass_time(700)
    ours = town.push({HELM: release("1.1.0")})
    for key in (("gitrepositories", "flux-system", "manifests"), ("kustomizations", "flux-system", "prod")):
        flux.reconcile(key)
    applied = kubernetes.sync(redis(town))
    town.pass_time(30)
    done = kubernetes.sync(redis(town))

    assert applied and (applied.revision, applied.healthy) == (ours, False)
    assert done and (done.revision, done.healthy, done.healed) == (ours, True, "")
    assert done.since and applied.since and done.since > applied.since
    assert "HelmRelease shop/redis: UpgradeSucceeded" in done.message


def test_a_release_that_helm_took_back_is_healed_while_git_is_not(town: Town, flux: FakeFlux, kubernetes: FluxCluster) -> None:
    town.push({HELM: release("1.0.0")})
    flux.kustomization("prod", "./clusters/prod", wait=False)
    town.pass_time(700)
    flux.broken_charts.add("2.0.0")
    bad = town.push({HELM: release("2.0.0")})
    town.pass_time(700)

    found = kubernetes.sync(redis(town))

    assert found and (found.revision, found.healthy) == (bad, False)
    assert found.healed == "HelmRelease shop/redis: RollbackSucceeded to chart 1.0.0 (release 3), while Git asks for 2.0.0"


def test_a_namesake_that_another_kustomization_applied_is_not_ours(town: Town, flux: FakeFlux, kubernetes: FluxCluster) -> None:
    town.push({HELM: release("1.0.0")})
    flux.kustomization("prod", "./clusters/prod", wait=False)
    town.pass_time(700)
    labels = {"kustomize.toolkit.fluxcd.io/name": "staging", "kustomize.toolkit.fluxcd.io/namespace": "flux-system"}
    namesake = flux.add("helmreleases", "redis", {"chart": {"spec": {"version": "0.1.0"}}}, "staging", labels=labels)
    namesake["status"]["conditions"] = [ready("False", "UpgradeFailed", "no", START)]

    found = kubernetes.sync(redis(town))

    assert found and found.healthy is True and "staging" not in found.message


def test_long_lists_come_in_pages(town: Town, flux: FakeFlux, kubernetes: FluxCluster) -> None:
    flux.page = 2
    for number in range(7):
        flux.kustomization(f"k{number}", f"./elsewhere/{number}")
    flux.kustomization("zz", f"./{PROD}")

    found = kubernetes.sync(town.service())

    assert found and found.where == "Kustomization flux-system/zz"


def test_parts_of_flux_that_are_not_installed_are_not_missed_but_flux_itself_is(
    town: Town, flux: FakeFlux, kubernetes: FluxCluster
) -> None:
    flux.kustomization("apps", f"./{PROD}")
    flux.installed -= {"ocirepositories", "helmreleases"}
    found = kubernetes.sync(town.service())
    flux.installed.clear()

    assert found and found.revision
    with pytest.raises(Refused, match="is Flux installed there"):
        kubernetes.sync(town.service())


def test_what_may_not_be_patched_is_refused_and_reading_goes_on(town: Town, flux: FakeFlux, kubernetes: FluxCluster) -> None:
    flux.kustomization("apps", f"./{PROD}")
    flux.forbidden.add(("patch", "gitrepositories"))

    with pytest.raises(Refused, match='cannot patch resource "gitrepositories"'):
        kubernetes.hasten(town.service(), town.bump("1.1.0"))
    assert kubernetes.sync(town.service())
