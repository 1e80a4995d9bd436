"""The clusters as they are set up → findings for `rollbot doctor`, each with its remedy. Reads only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bot.adapters.clusters.argocd.cluster import ArgoCluster
from bot.adapters.clusters.flux.cluster import FluxCluster
from bot.adapters.clusters.none import NoCluster
from bot.adapters.clusters.several import SeveralClusters
from bot.errors import RollbotError
from bot.manifests.estate import Service
from bot.ports import Cluster, Sync

_SHOWN = 5
_MOST = 40
"""Each service costs a few requests; the first ones tell whether the set-up is right."""


@dataclass(frozen=True, slots=True)
class Finding:
    """`state`: `ok`, `note` (works, but know it) or `bad`."""

    check: str
    state: str
    what: str
    way_out: str = ""


def examine(cluster: Cluster, services: Sequence[Service], ends_stuck: bool) -> Iterator[Finding]:
    """`ends_stuck`: whether `.rollbot.yaml` has stuck operations ended, which needs one more right."""
    each = cluster.clusters if isinstance(cluster, SeveralClusters) else (cluster,)
    for one in each:
        try:
            yield from _one(one, ends_stuck)
        except RollbotError as error:
            yield Finding(_named(one), "bad", str(error), "docs/clusters.md says what to set, and which rights it needs")
            return
    if not isinstance(cluster, NoCluster):
        yield from _delivered(cluster, services)


def _one(cluster: Cluster, ends_stuck: bool) -> Iterator[Finding]:
    if isinstance(cluster, ArgoCluster):
        yield from _argocd(cluster, ends_stuck)
    elif isinstance(cluster, FluxCluster):
        yield from _flux(cluster)
    else:
        way_out = "set ROLLBOT_ARGOCD_URL and ROLLBOT_ARGOCD_TOKEN, or ROLLBOT_FLUX_KUBECONFIG: docs/clusters.md"
        what = "no cluster can be asked: what was live when a symptom began is not known, and arrival is taken from time alone"
        yield Finding("cluster", "note", what, way_out)


def _argocd(cluster: ArgoCluster, ends_stuck: bool) -> Iterator[Finding]:
    user, count = cluster.api.user(), len(cluster.api.applications())
    if not user:
        yield Finding("argocd", "bad", f"{cluster.api.wire.shown} does not know the token", "make a new one: docs/clusters.md")
        return
    yield Finding("argocd", "ok", f"{cluster.api.wire.shown} answers; we are {user} and see {count} Applications")
    if ends_stuck and not cluster.api.can("sync"):
        way_out = "give it `applications, sync`, or take outcomes.end_stuck out of .rollbot.yaml"
        yield Finding("argocd", "bad", "outcomes.end_stuck is set, but the token may not end an operation", way_out)
    elif not ends_stuck and cluster.api.can("sync"):
        way_out = "take `applications, sync` away: reading is enough while outcomes.end_stuck is not set"
        yield Finding("argocd", "note", "the token may sync Applications, which Rollbot never does", way_out)


def _flux(cluster: FluxCluster) -> Iterator[Finding]:
    count = len(cluster.api.listed("Kustomization"))
    yield Finding("flux", "ok", f"{cluster.api.wire.shown} answers; we see {count} Kustomizations")
    kinds = ("GitRepository", "OCIRepository", "Kustomization", "HelmRelease")
    for kind in kinds:
        cluster.api.listed(kind)
    missing = [kind for kind in kinds if not cluster.api.can("patch", kind)]
    if missing and cluster.receiver is None:
        way_out = "allow patch (deploy/kubernetes/flux-rbac.yaml), or set ROLLBOT_FLUX_RECEIVER_URL"
        yield Finding("flux", "note", f"{', '.join(missing)} cannot be asked to hurry: a rollback waits for their interval", way_out)


def _delivered(cluster: Cluster, services: Sequence[Service]) -> Iterator[Finding]:
    """Who delivers each service; one by hand, or by nobody that we see, never arrives by itself."""
    found: list[tuple[Service, Sync]] = []
    try:
        found = [(service, sync) for service in services[:_MOST] if (sync := cluster.sync(service)) is not None]
    except RollbotError as error:
        yield Finding("delivery", "bad", str(error), "docs/clusters.md says which rights it needs")
        return
    nowhere = [str(service.ref) for service, sync in found if not any(place.where for place in sync.places)]
    by_hand = [f"{service.ref} ({place.by_hand})" for service, sync in found for place in sync.places if place.by_hand]
    if len(found) > len(nowhere):
        of = f"the first {_MOST}" if len(services) > _MOST else str(len(found))
        yield Finding("delivery", "ok", f"{len(found) - len(nowhere)} of {of} services are delivered by what we see")
    if nowhere:
        way_out = "does the cluster read this repository by another name or branch? docs/clusters.md, under finding Applications"
        yield Finding(
            "delivery", "note", f"nothing that we see delivers {_few(nowhere)}: a rollback there is never said to have arrived", way_out
        )
    if by_hand:
        yield Finding("delivery", "note", f"does not sync by itself: {_few(by_hand)}", "a person has to run that after a merge")


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")


def _named(cluster: Cluster) -> str:
    return "argocd" if isinstance(cluster, ArgoCluster) else "flux" if isinstance(cluster, FluxCluster) else "cluster"
