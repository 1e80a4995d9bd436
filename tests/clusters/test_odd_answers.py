"""Answers that are JSON and yet odd: a value that is missing, null or of another kind raises nothing but Unavailable or Refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.adapters.clusters.argocd import reading as argo_reading
from bot.adapters.clusters.argocd.api import ArgoApi
from bot.adapters.clusters.argocd.cluster import ArgoCluster
from bot.adapters.clusters.argocd.sources import Source
from bot.adapters.clusters.flux import reading as flux_reading
from bot.adapters.clusters.flux.api import FluxApi
from bot.adapters.clusters.flux.cluster import FluxCluster
from bot.adapters.clusters.wire import Wire
from bot.errors import Refused, Unavailable
from bot.manifests.estate import Service
from bot.ports import Cluster, Sync
from bot.refs import ServiceRef, Sha
from tests.clusters.argocd import FakeArgo
from tests.clusters.http import TOKEN, Loopback
from tests.clusters.kubernetes import FakeFlux
from tests.clusters.town import PROD, Town

CHECKOUT = Service(ServiceRef("shop", "prod", "checkout"), (), (f"{PROD}/kustomization.yaml",))
ODD = st.sampled_from([None, 0, -1.5, True, "", "x", "main@sha1:" + "a" * 40, "2026-99-99T00:00:00Z", [], [None], [[]], {}, {"a": None}])
SHAKEN = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


class Odd(Loopback):
    """Answers what was recorded, with a value or two of it replaced."""

    answers: dict[str, Any]

    def answer(self, method: str, path: str, query: dict[str, str], headers: dict[str, str], body: Any) -> tuple[int, Any]:
        return (200, self.answers[path]) if method == "GET" and path in self.answers else (404, {})

    @property
    def wire(self) -> Wire:
        return Wire(self.url, "a cluster", lambda: TOKEN)


@pytest.fixture
def odd() -> Iterator[Odd]:
    with Odd() as made:
        yield made


def places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at, *(place for key, part in inside for place in places(part, (*at, key)))]


def shaken(data: st.DataObject, answers: dict[str, Any]) -> dict[str, Any]:
    found = deepcopy(answers)
    for _ in range(data.draw(st.integers(1, 2))):
        *above, last = data.draw(st.sampled_from([place for place in places(found) if len(place) > 1]))
        holder = found
        for key in above:
            holder = holder[key]
        holder[last] = data.draw(ODD)
    return found


def answered(cluster: Cluster, town: Town) -> None:
    with suppress(Unavailable, Refused):
        found = cluster.sync(CHECKOUT)
        assert found is None or all(isinstance(place, Sync) for place in found.places)
        for place in found.places if found else ():
            assert place.revision is None or len(place.revision) in (40, 64)
            assert place.message.isprintable()
        cluster.hasten(CHECKOUT, Sha(town.origin.head() or ""), town.now())


@SHAKEN
@given(data=st.data())
def test_argo_cd(data: st.DataObject, town: Town, argo: FakeArgo, odd: Odd) -> None:
    if "checkout-prod" not in argo.apps:
        app = argo.add("checkout-prod", PROD)
        app.health, app.nodes = "Degraded", [{"kind": "Deployment", "name": "checkout", "uid": "1", "health": {"status": "Degraded"}}]
    whole = json.loads(json.dumps(argo.apps["checkout-prod"].document()))
    answers = {
        "/api/v1/applications": {"metadata": {}, "items": [whole]},
        "/api/v1/applications/checkout-prod": whole,
        "/api/v1/applications/checkout-prod/resource-tree": {"nodes": argo.apps["checkout-prod"].nodes},
        "/api/v1/applications/checkout-prod/syncwindows": {"canSync": True},
    }

    odd.answers = shaken(data, answers)

    answered(ArgoCluster(ArgoApi(odd.wire), town.repository), town)


@SHAKEN
@given(data=st.data())
def test_flux(data: st.DataObject, town: Town, flux: FakeFlux, odd: Odd) -> None:
    if len(flux.objects) == 1:
        flux.kustomization("checkout-prod", f"./{PROD}")
        flux.add("helmreleases", "checkout", {"chart": {"spec": {"version": "1"}}})
    kinds = {"gitrepositories": "GitRepository", "kustomizations": "Kustomization", "helmreleases": "HelmRelease"}
    answers: dict[str, Any] = {}
    for plural, kind in kinds.items():
        group, version, _ = {
            "gitrepositories": ("source", "v1", ""),
            "kustomizations": ("kustomize", "v1", ""),
            "helmreleases": ("helm", "v2", ""),
        }[plural]
        items = [each for key, each in flux.objects.items() if key[0] == plural]
        answers[f"/apis/{group}.toolkit.fluxcd.io/{version}/{plural}"] = {"kind": f"{kind}List", "metadata": {}, "items": items}
    answers["/apis/source.toolkit.fluxcd.io/v1/ocirepositories"] = {"kind": "OCIRepositoryList", "metadata": {}, "items": []}

    odd.answers = shaken(data, json.loads(json.dumps(answers)))

    answered(FluxCluster(FluxApi(odd.wire), town.repository), town)


@SHAKEN
@given(
    value=st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=20),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["status", "spec", "metadata", "history", "conditions", "sync", "revision", "type"]), inner, max_size=4
            )
        ),
        max_leaves=12,
    )
)
def test_any_object_can_be_read(value: Any) -> None:
    found = value if isinstance(value, dict) else {}
    argo_reading.read(found, Source(None, "", (), ""))
    argo_reading.read(found, Source(1, "", (), "", dry=True))
    flux_reading.read(found | {"kind": "Kustomization"}, found | {"kind": "GitRepository"})
    flux_reading.helm(found | {"kind": "HelmRelease"})
