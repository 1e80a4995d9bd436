"""What holds of every estate: on trees nobody would make, and on those that people made."""

from __future__ import annotations

import importlib.util
import os
import random
import sys
from functools import lru_cache
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.manifests.estate import Estate
from bot.manifests.pin import Pin, PinKind, Reading
from bot.manifests.read import is_manifest, read
from bot.manifests.rules import ManifestRules
from bot.manifests.services import assign, includes

SHARED = Path(os.environ.get("ROLLBOT_SHARED", Path(__file__).parents[3] / "shared")) / "replay"
FOLDERS = st.sampled_from(
    ["apps", "base", "overlays", "prod", "staging", "eu1", "checkout", "cart", "clusters", "archive", "charts", "é", "{x}"]
)
FILES = st.sampled_from(
    ["kustomization.yaml", "Chart.yaml", "values.yaml", "values-prod.yaml", "cart.values.yaml", "deployment.yaml", "x", ".env"]
)
PATHS = st.tuples(st.lists(FOLDERS, max_size=5), FILES).map(lambda parts: "/".join([*parts[0], parts[1]]))
NAMES = st.sampled_from(["", "checkout", "cart", "cart-prod", "${APP}", "redis"])
OBJECTS = st.sampled_from(
    ["", "Deployment", "HelmRelease", "Application", "ApplicationSet", "OCIRepository", "ConfigMap", "HelmfileRelease"]
)


@st.composite
def pins(draw: st.DrawFn) -> Pin:
    path, kind, artefact = draw(PATHS), draw(st.sampled_from(PinKind)), draw(st.sampled_from(["", "acme/checkout", "redis"]))
    yaml_path = draw(st.sampled_from(["version", "image.tag", "images[name=acme/checkout].newTag", "elements[name=prod].tag"]))
    return Pin(path, 0, yaml_path, 1, 0, 1, "f", kind, draw(OBJECTS), draw(NAMES), draw(st.sampled_from(["", "shop-prod"])), artefact, "1")


def holds(estate: Estate, readings: dict[str, Reading]) -> None:
    refs = [service.ref for service in estate.services]
    assert len(set(refs)) == len(refs)
    assert all(ref.name and ref.environment for ref in refs)
    assert {pin for reading in readings.values() for pin in reading.pins} == {pin for service in estate.services for pin in service.pins}
    for service in estate.services:
        assert (service.primary in service.pins) if service.pins else service.primary is None
        assert {pin.path for pin in service.pins} | set(service.shared) <= set(service.files)
        assert all(service.ref in estate.owners[path] for path in service.files)
        assert set(service.shared) == {path for path in service.files if len(estate.owners[path]) > 1}
    assert sum(map(len, estate.owners.values())) == sum(len(service.files) for service in estate.services)


@given(
    st.lists(pins(), max_size=12),
    st.lists(PATHS, max_size=8),
    st.dictionaries(PATHS, st.lists(PATHS | FOLDERS, max_size=3).map(tuple), max_size=4),
)
@settings(max_examples=100, deadline=None)
def test_every_pin_is_somebodys_in_any_tree(found, files, inclusions):
    readings: dict[str, Reading] = {}
    for pin in dict.fromkeys(found):
        readings[pin.path] = Reading((*readings.get(pin.path, Reading(())).pins, pin))
    tree = [*files, *inclusions, *readings]

    estate = assign("r", tree, readings, ManifestRules(), inclusions)

    holds(estate, readings)
    random.Random(1).shuffle(tree)
    backwards = dict(reversed(readings.items()))
    assert assign("r", tree, backwards, ManifestRules(), dict(reversed(inclusions.items()))) == estate


@lru_cache(maxsize=1)
def _replay() -> ModuleType:
    if not (SHARED / "replay.py").exists():
        pytest.skip(f"no recorded repositories in {SHARED} (ROLLBOT_SHARED)")
    spec = importlib.util.spec_from_file_location("replay_of_services", SHARED / "replay.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@lru_cache(maxsize=1)
def estates() -> dict[str, tuple[Estate, dict[str, Reading]]]:
    """Each recorded repository with the last text of every file that its cases show."""
    texts: dict[str, dict[str, str]] = {}
    for case in sorted(_replay().load(), key=lambda case: case["history"][-1]["time"]):
        texts.setdefault(case["repo"], {}).update({path: text for path, text in case["parent"].items() if text is not None})
    found = {}
    for repo, files in texts.items():
        readings = {path: read(text.encode(), path) for path, text in files.items() if is_manifest(path)}
        inclusions = {path: targets for path, text in files.items() if (targets := includes(text.encode(), path))}
        found[repo] = assign(f"github.com/{repo}", files, readings, ManifestRules(), inclusions), readings
    return found


def test_every_pin_is_somebodys_in_recorded_repositories():
    for estate, readings in estates().values():
        holds(estate, readings)


@pytest.mark.parametrize(
    ("repo", "path", "services"),
    [
        ("sapcc/helm-charts", "openstack/keystone/values.yaml", {"default/keystone"}),
        ("sapcc/helm-charts", "system/kube-monitoring-metal/values.yaml", {"default/kube-monitoring-metal"}),
        ("wmde/wbaas-deploy", "k8s/argocd/production/api.values.yaml", {"production/api"}),
        ("wmde/wbaas-deploy", "k8s/helmfile/env/local/mediawiki-143.values.yaml.gotmpl", {"local/mediawiki-143"}),
        ("jupyterhub/mybinder.org-deploy", "mybinder/values.yaml", {"prod/mybinder", "staging/mybinder"}),
        ("onedr0p/home-ops", "cluster/apps/home/gitea/helm-release.yaml", {"default/gitea"}),
        ("onedr0p/home-ops", "kubernetes/apps/network/unifi-dns/app/helmrelease.yaml", {"default/unifi-dns"}),
        ("GoogleCloudPlatform/oss-test-infra", "prow/oss/cluster/deck.yaml", {"default/deck.oss"}),
        ("GoogleCloudPlatform/oss-test-infra", "prow/knative/cluster/400-deck.yaml", {"default/deck.knative"}),
        ("equinor/radix-flux", "clusters/development/overlay/third-party/grafana/helmRelease.yaml", {"development/grafana"}),
        (
            "equinor/radix-flux",
            "components/radix-platform/radix-operator/helmRelease.yaml",
            {"development/radix-operator", "playground/radix-operator"},
        ),
        ("redhat-appstudio/infra-deployments", "components/build-service/development/kustomization.yaml", {"development/build-service"}),
        (
            "redhat-appstudio/infra-deployments",
            "components/image-controller/production/base/kustomization.yaml",
            {"production/image-controller"},
        ),
    ],
)
def test_services_of_recorded_repositories(repo, path, services):
    if repo not in estates():
        pytest.skip(f"{repo} is not among the recorded repositories")

    assert {str(ref) for ref in estates()[repo][0].owners[path]} == services
