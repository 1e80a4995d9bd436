"""Whose a pin is: conventions of real repositories, one small tree each."""

from __future__ import annotations

import cProfile
import pstats

import pytest

from bot.manifests.estate import Estate
from bot.manifests.pin import Pin, PinKind, Reading
from bot.manifests.rules import ManifestRules, ServiceRule
from bot.manifests.services import assign, includes


def a_pin(path: str, artefact: str = "", value: str = "1.0.0", **more: object) -> Pin:
    kind, _, name = str(more.pop("of", "")).partition("/")
    known = {"kind": PinKind.IMAGE, "yaml_path": "spec.image", "line": 1, "start": 0, "end": 5, "format": "test", "namespace": ""} | more
    return Pin(path=path, document=0, object_kind=kind, object_name=name, artefact=artefact, value=value, **known)  # type: ignore[arg-type]


def estate_of(*pins: Pin, files: tuple[str, ...] = (), rules: ManifestRules | None = None, texts: dict[str, str] | None = None) -> Estate:
    readings = {pin.path: Reading(tuple(other for other in pins if other.path == pin.path)) for pin in pins}
    inclusions = {path: includes(text.encode(), path) for path, text in (texts or {}).items()}
    tree = [*readings, *files, *inclusions]
    return assign("git.example.org/acme/gitops", tree, readings, rules or ManifestRules(), {k: v for k, v in inclusions.items() if v})


def named(estate: Estate) -> list[str]:
    return sorted(str(service.ref) for service in estate.services)


@pytest.mark.parametrize(
    ("pin", "service"),
    [
        pytest.param(a_pin("apps/checkout/deployment.yaml", of="Deployment/checkout"), "default/checkout", id="workload"),
        pytest.param(a_pin("apps/checkout/overlays/prod/deploy.yaml", of="Deployment/checkout"), "prod/checkout", id="overlay"),
        pytest.param(a_pin("k8s/env/staging/checkout.yaml", of="Deployment/checkout"), "staging/checkout", id="env folder"),
        pytest.param(a_pin("environments/eu-live/x/d.yaml", of="Deployment/x"), "eu-live/x", id="any name below environments"),
        pytest.param(a_pin("clusters/c3/velero/helmRelease.yaml", of="HelmRelease/velero"), "c3/velero", id="cluster is the environment"),
        pytest.param(
            a_pin("clusters/prod-eu1/velero/hr.yaml", of="HelmRelease/velero"), "prod/prod-eu1/velero", id="cluster of a known environment"
        ),
        pytest.param(a_pin("apps/production/podinfo/values.yaml"), "production/podinfo", id="values in an environment's folder"),
        pytest.param(a_pin("charts/api/values-prod.yaml"), "prod/api", id="values-<env>"),
        pytest.param(a_pin("charts/api/prod.values.yaml"), "prod/api", id="<env>.values"),
        pytest.param(a_pin("k8s/argocd/production/api.values.yaml"), "production/api", id="<svc>.values below its environment"),
        pytest.param(a_pin("k8s/helmfile/env/local/mediawiki-143.values.yaml.gotmpl"), "local/mediawiki-143", id="gotmpl"),
        pytest.param(a_pin("checkout/prod/app.yaml", of="Deployment/checkout"), "prod/checkout", id="<svc>/<env>"),
        pytest.param(a_pin("argocd/apps/checkout-prod.yaml", of="Application/checkout-prod"), "prod/checkout", id="Application name"),
        pytest.param(a_pin("x/app.yaml", of="Deployment/checkout", namespace="shop-prod"), "prod/checkout", id="namespace"),
        pytest.param(a_pin("x/app.yaml", of="Deployment/checkout", namespace="shop"), "default/checkout", id="namespace without meaning"),
        pytest.param(
            a_pin("components/integration/development/kustomization.yaml", "quay.io/x/y"), "development/integration", id="weak word"
        ),
        pytest.param(a_pin("prod/kustomization.yaml", "quay.io/acme/cart"), "prod/cart", id="only the image tells"),
        pytest.param(a_pin("values.yaml"), "default/gitops", id="nothing tells but the repository"),
        pytest.param(a_pin("apps/web/hr.yaml", of="HelmRelease/${APP}"), "default/web", id="a variable is no name"),
        pytest.param(a_pin("apps/zot/app/ocirepository.yaml", of="OCIRepository/app-template"), "default/zot", id="a source is no service"),
    ],
)
def test_conventions(pin, service):
    estate = estate_of(pin)

    assert named(estate) == [service]


def test_a_base_belongs_to_every_environment_that_includes_it():
    base = a_pin("apps/checkout/base/deployment.yaml", "ghcr.io/acme/checkout-api", of="Deployment/checkout")
    prod = a_pin("apps/checkout/overlays/prod/kustomization.yaml", "ghcr.io/acme/checkout-api", kind=PinKind.TAG)
    texts = {
        "apps/checkout/base/kustomization.yaml": "resources: [deployment.yaml, service.yaml]\n",
        "apps/checkout/overlays/prod/kustomization.yaml": "resources: [../../base]\nimages: []\n",
        "apps/checkout/overlays/staging/kustomization.yaml": "bases:\n- ../../base\n",
    }

    estate = estate_of(base, prod, files=("apps/checkout/base/service.yaml",), texts=texts)

    assert named(estate) == ["prod/checkout", "staging/checkout"]
    of_prod = estate.named("checkout", "prod")[0]
    assert of_prod.pins == (base, prod)
    assert of_prod.primary == prod
    assert of_prod.shared == (
        "apps/checkout/base/deployment.yaml",
        "apps/checkout/base/kustomization.yaml",
        "apps/checkout/base/service.yaml",
    )
    assert "apps/checkout/overlays/prod/kustomization.yaml" in of_prod.files
    assert "apps/checkout/overlays/staging/kustomization.yaml" in estate.named("checkout", "staging")[0].files


def test_without_file_texts_the_folders_tell_who_shares_a_base():
    base = a_pin("apps/checkout/base/deployment.yaml", "acme/checkout-api", of="Deployment/checkout")
    overlays = [a_pin(f"apps/checkout/overlays/{env}/kustomization.yaml", "acme/checkout-api") for env in ("prod", "staging")]

    estate = estate_of(base, *overlays)

    assert named(estate) == ["prod/checkout", "staging/checkout"]
    assert all(service.shared == (base.path,) for service in estate.services)


def test_a_base_inside_an_environment_stays_there():
    pins = [a_pin(f"components/web/{env}/base/kustomization.yaml", "acme/web") for env in ("production", "staging")]
    pins.append(a_pin("components/web/development/kustomization.yaml", "acme/web"))

    estate = estate_of(*pins)

    assert named(estate) == ["development/web", "production/web", "staging/web"]
    assert not any(service.shared for service in estate.services)


def test_flux_applies_all_that_lies_below_a_path():
    text = "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nspec: {path: ./infrastructure}\n"
    texts = {f"clusters/{env}/infrastructure.yaml": text for env in ("prod", "staging")}
    velero = a_pin("infrastructure/backup/velero/release.yaml", "velero", of="HelmRelease/velero")

    estate = estate_of(velero, texts=texts)

    assert named(estate) == ["prod/velero", "staging/velero"]


def test_an_image_of_an_overlay_belongs_to_every_workload_that_runs_it():
    deck = a_pin("prow/base/deck.yaml", "gcr.io/prow/prow", of="Deployment/deck")
    hook = a_pin("prow/base/hook.yaml", "gcr.io/prow/prow", of="Deployment/hook")
    image = a_pin("prow/overlays/prod/kustomization.yaml", "gcr.io/prow/prow", kind=PinKind.TAG)
    texts = {"prow/overlays/prod/kustomization.yaml": "resources: [../../base/deck.yaml, ../../base/hook.yaml]"}

    estate = estate_of(deck, hook, image, texts=texts)

    assert named(estate) == ["prod/deck", "prod/hook"]
    assert all(image.path in service.shared for service in estate.services)


def test_workloads_of_one_folder_are_services_of_their_own():
    pins = [a_pin(f"prow/cluster/{name}.yaml", "gcr.io/prow/prow", of=f"Deployment/{name}") for name in ("deck", "hook", "tide")]

    estate = estate_of(*pins, files=("prow/cluster/deck_rbac.yaml", "prow/cluster/README.md"))

    assert named(estate) == ["default/deck", "default/hook", "default/tide"]
    assert estate.named("deck")[0].files == ("prow/cluster/deck.yaml", "prow/cluster/deck_rbac.yaml")
    assert "prow/cluster/README.md" not in estate.owners


def test_a_chart_and_its_values_serve_every_environment_of_their_name():
    chart = a_pin("charts/api/Chart.yaml", "api", kind=PinKind.APP_VERSION, yaml_path="appVersion")
    common = a_pin("charts/api/values.yaml", "acme/api", kind=PinKind.TAG)
    prod = a_pin("charts/api/values-prod.yaml", "acme/api", kind=PinKind.TAG)
    dev = a_pin("charts/api/values-dev.yaml", "acme/api", kind=PinKind.TAG)

    estate = estate_of(chart, common, prod, dev, files=("charts/api/templates/deployment.yaml",))

    assert named(estate) == ["dev/api", "prod/api"]
    of_prod = estate.named("api", "prod")[0]
    assert of_prod.primary == prod
    assert of_prod.shared == ("charts/api/Chart.yaml", "charts/api/templates/deployment.yaml", "charts/api/values.yaml")


def test_unrelated_services_of_one_name_are_told_apart():
    pins = [a_pin(f"apps/{team}/redis/deployment.yaml", "redis", of="Deployment/redis") for team in ("shop", "billing")]
    pins += [a_pin("apps/shop/cart/deployment.yaml", "acme/cart", of="Deployment/cart")]

    estate = estate_of(*pins)

    assert named(estate) == ["default/cart", "default/redis.billing", "default/redis.shop"]
    assert [service.ref.name for service in estate.named("redis")] == ["redis.billing", "redis.shop"]


def test_namespaces_tell_them_apart_where_all_have_one():
    pins = [a_pin(f"x{at}/d.yaml", "redis", of="Deployment/redis", namespace=space) for at, space in enumerate(("shop", "billing"))]

    assert named(estate_of(*pins)) == ["default/redis.billing", "default/redis.shop"]


def test_a_patch_of_a_base_in_another_folder_is_the_same_service():
    base = a_pin("library/redis/deployment.yaml", "redis", of="Deployment/redis")
    patch = a_pin("shop/cache/patch.yaml", "redis", of="Deployment/redis")
    texts = {"shop/cache/kustomization.yaml": "resources: [../../library/redis/deployment.yaml]\npatches: [{path: patch.yaml}]"}

    assert named(estate_of(base, patch, texts=texts)) == ["default/redis"]


def test_overlays_of_homonyms_follow_their_workload():
    pins, texts = [], {}
    for team in ("shop", "billing"):
        pins.append(a_pin(f"{team}/redis/base/deployment.yaml", "redis", of="Deployment/redis"))
        pins.append(a_pin(f"{team}/redis/overlays/prod/kustomization.yaml", "redis", kind=PinKind.TAG))
        texts[f"{team}/redis/overlays/prod/kustomization.yaml"] = "resources: [../../base/deployment.yaml]"

    estate = estate_of(*pins, texts=texts)

    assert named(estate) == ["prod/redis.billing", "prod/redis.shop"]
    assert all(len(service.pins) == 2 for service in estate.services)


def test_a_copy_in_an_archive_is_no_second_service():
    live = a_pin("apps/media/plex/helmrelease.yaml", "plex", of="HelmRelease/plex")
    kept = a_pin(".archive/apps/media/plex/helmrelease.yaml", "plex", of="HelmRelease/plex")

    assert named(estate_of(live, kept)) == ["archive/plex", "default/plex"]


def test_a_release_list_serves_every_environment_that_has_values():
    release = a_pin("helmfile.yaml", "redis", kind=PinKind.CHART, of="HelmfileRelease/redis")
    values = ("env/prod/redis.values.yaml", "env/dev/redis.values.yaml.gotmpl")

    estate = estate_of(release, files=values)

    assert named(estate) == ["dev/redis", "prod/redis"]
    assert estate.named("redis", "prod")[0].files == ("env/prod/redis.values.yaml", "helmfile.yaml")


def test_what_only_accompanies_a_workload_is_no_service():
    workload = a_pin("apps/web/deployment.yaml", "acme/web-api", of="Deployment/web-api")
    beside = [
        a_pin("apps/web/config.yaml", kind=PinKind.VARIABLE, of="ConfigMap/settings"),
        a_pin("apps/web/policy.yaml", kind=PinKind.APP_VERSION, of="NetworkPolicy/allow"),
        a_pin("apps/web/source.yaml", kind=PinKind.CHART, of="OCIRepository/app-template"),
        a_pin("apps/web/kustomization.yaml", "https://git/x", kind=PinKind.REF),
    ]

    estate = estate_of(workload, *beside)

    assert named(estate) == ["default/web-api"]
    assert len(estate.services[0].pins) == 5


def test_an_element_of_an_application_set_names_its_environment():
    pins = [
        a_pin("argocd/web.yaml", kind=PinKind.REF, of="ApplicationSet/web", yaml_path=f"spec.generators[0].list.elements[name={env}].tag")
        for env in ("prod", "staging")
    ]

    assert named(estate_of(*pins)) == ["prod/web", "staging/web"]


def test_values_without_a_name_are_for_the_only_chart():
    chart = a_pin("mybinder/Chart.yaml", "mybinder", kind=PinKind.CHART, yaml_path="version")
    prod = a_pin("config/prod.yaml", "acme/hub", kind=PinKind.TAG)

    assert named(estate_of(chart, prod)) == ["prod/mybinder"]


def test_clusters_of_one_environment_are_selected_by_their_name():
    rules = ManifestRules(environments={"eu1": "prod", "us1": "prod"})
    pins = [a_pin(f"clusters/{cluster}/velero/hr.yaml", "velero", of="HelmRelease/velero") for cluster in ("eu1", "us1")]

    estate = estate_of(*pins, rules=rules)

    assert named(estate) == ["prod/eu1/velero", "prod/us1/velero"]
    assert [service.ref.cluster for service in estate.named("velero", "us1")] == ["us1"]
    assert len(estate.named("velero", "prod")) == 2


def test_rules_go_before_conventions():
    rules = ManifestRules(
        services=(
            ServiceRule("legacy/*/*.env", name="{2}", environment="{1}"),
            ServiceRule("apps/**", artefact="acme/worker", name="worker", primary="b"),
        ),
        environments={"live": "prod"},
    )
    env = a_pin("legacy/prod/billing.env")
    first, second = (a_pin("apps/live/jobs/kustomization.yaml", "acme/worker", yaml_path=path) for path in "ab")

    estate = estate_of(env, first, second, rules=rules)

    assert named(estate) == ["prod/billing", "prod/worker"]
    assert estate.named("worker")[0].primary == second


def test_primary_is_image_before_chart_before_ref_and_its_own_name_first():
    path = "apps/web/helmrelease.yaml"
    pins = [
        a_pin(path, "https://git/x", kind=PinKind.REF, of="HelmRelease/web"),
        a_pin(path, "web", kind=PinKind.CHART, of="HelmRelease/web"),
        a_pin(path, "acme/sidecar", of="HelmRelease/web"),
        a_pin(path, "acme/web", of="HelmRelease/web"),
    ]

    web = estate_of(*pins).services[0]

    assert web.primary == pins[3]
    assert set(web.aliases) >= {"HelmRelease/web", "acme/web", "sidecar"}


MOST_CALLS = 1000
"""Of functions, for each pin: what a loop over all pins within a loop over all pins would be far above, on any machine."""


def calls(profile: cProfile.Profile) -> int:
    return int(pstats.Stats(profile).total_calls)  # type: ignore[attr-defined]


def test_thousands_of_homonyms_take_no_longer_than_others():
    pins = [a_pin(f"apps/team{at}/redis/deployment.yaml", "redis", of="Deployment/redis") for at in range(2000)]
    readings = {pin.path: Reading((pin,)) for pin in pins}
    texts = {f"apps/team{at}/redis/kustomization.yaml": ("deployment.yaml",) for at in range(2000)}
    inclusions = {path: (path.replace("kustomization", "deployment"),) for path in texts}
    inclusions["kustomization.yaml"] = tuple(path.rpartition("/")[0] for path in texts)

    with cProfile.Profile() as profile:
        estate = assign("r", [*readings, *inclusions], readings, ManifestRules(), inclusions)

    assert len(estate.services) == 2000
    assert calls(profile) < MOST_CALLS * len(pins)


def test_five_thousand_pins_are_assigned_at_once():
    pins, texts = [], {}
    for number in range(400):
        base = f"apps/s{number}/base/deployment.yaml"
        pins += [a_pin(base, f"acme/s{number}", of=f"Deployment/s{number}", start=at) for at in range(4)]
        texts[f"apps/s{number}/base/kustomization.yaml"] = "resources: [deployment.yaml]"
        for env in ("prod", "staging", "dev"):
            path = f"apps/s{number}/overlays/{env}/kustomization.yaml"
            texts[path] = "resources: [../../base]"
            pins += [a_pin(path, f"acme/s{number}", start=at) for at in range(3)]
    readings: dict[str, Reading] = {}
    for pin in pins:
        readings[pin.path] = Reading((*readings.get(pin.path, Reading(())).pins, pin))
    inclusions = {path: includes(text.encode(), path) for path, text in texts.items()}

    with cProfile.Profile() as profile:
        estate = assign("r", [*readings, *texts], readings, ManifestRules(), inclusions)

    assert len(estate.services) == 1200
    assert calls(profile) < MOST_CALLS * len(pins)


@pytest.mark.parametrize(
    ("path", "text", "found"),
    [
        pytest.param(
            "a/kustomization.yaml", "resources: [../base, x.yaml, https://x/y?ref=v1, ../../../etc]", ("base", "a/x.yaml"), id="kustomize"
        ),
        pytest.param("a/kustomization.yaml", "components: [c]\npatches: [{path: p.yaml}, {patch: x}]", ("a/c", "a/p.yaml"), id="patches"),
        pytest.param("a/kustomization.yaml", "configMapGenerator: [{name: x, files: [k=f.json]}]", ("a/f.json",), id="generators"),
        pytest.param(
            "c/apps.yaml",
            "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nspec: {path: ./apps/prod}",
            ("apps/prod",),
            id="flux",
        ),
        pytest.param(
            "c/app.yaml", "apiVersion: argoproj.io/v1alpha1\nkind: Application\nspec: {source: {path: x/y}}", ("x/y",), id="argocd"
        ),
        pytest.param("a/kustomization.yaml", "resources: {", (), id="broken"),
        pytest.param("a/deployment.yaml", "resources: [x]", (), id="no kustomization"),
    ],
)
def test_includes(path, text, found):
    assert includes(text.encode(), path) == found
