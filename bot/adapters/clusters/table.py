"""CLUSTERS: the systems that deliver from Git, each with how it is opened where it was named."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bot.adapters.clusters.none import NoCluster
from bot.adapters.clusters.several import SeveralClusters
from bot.errors import BadConfig
from bot.ports import Cluster, Repository


@dataclass(frozen=True, slots=True)
class Reached:
    """Where the clusters of a deployment are, and with which token; None: not there."""

    argocd_url: str | None = None
    argocd_token: str | None = field(default=None, repr=False)
    flux_kubeconfig: str | None = None
    """A kubeconfig's path, or `in-cluster`."""
    flux_receiver: str | None = field(default=None, repr=False)
    flux_receiver_token: str | None = field(default=None, repr=False)
    cache: Path = field(default=Path(), compare=False)


Opener = Callable[[Reached, Repository], Cluster | None]


def _none(reached: Reached, repository: Repository) -> Cluster | None:
    return NoCluster() if reached == Reached() else None


def _argocd(reached: Reached, repository: Repository) -> Cluster | None:
    if reached.argocd_url is None and reached.argocd_token is None:
        return None
    if reached.argocd_url is None or reached.argocd_token is None:
        raise BadConfig("ROLLBOT_ARGOCD_URL and ROLLBOT_ARGOCD_TOKEN belong together", hint="docs/clusters.md says how to make the token")
    from bot.adapters.clusters.argocd.api import ArgoApi
    from bot.adapters.clusters.argocd.cluster import ArgoCluster
    from bot.adapters.clusters.wire import Wire

    token = reached.argocd_token
    return ArgoCluster(ArgoApi(Wire(reached.argocd_url, "Argo CD", lambda: token)), repository)


def _flux(reached: Reached, repository: Repository) -> Cluster | None:
    if reached.flux_kubeconfig is None:
        if reached.flux_receiver is not None:
            raise BadConfig("ROLLBOT_FLUX_RECEIVER_URL needs ROLLBOT_FLUX_KUBECONFIG: a Receiver tells nothing of what runs")
        return None
    from bot.adapters.clusters.flux.access import IN_CLUSTER, of_kubeconfig, of_pod
    from bot.adapters.clusters.flux.api import FluxApi
    from bot.adapters.clusters.flux.cluster import FluxCluster
    from bot.adapters.clusters.flux.receiver import Receiver

    pod = reached.flux_kubeconfig == IN_CLUSTER
    access = of_pod() if pod else of_kubeconfig(Path(reached.flux_kubeconfig), reached.cache)
    receiver = None if reached.flux_receiver is None else Receiver(reached.flux_receiver, reached.flux_receiver_token)
    return FluxCluster(FluxApi(access.wire()), repository, receiver)


CLUSTERS: Mapping[str, Opener] = {"none": _none, "argocd": _argocd, "flux": _flux}


def opened(reached: Reached, repository: Repository) -> Cluster:
    """Open all that were named. Raises BadConfig."""
    found = [cluster for open_one in CLUSTERS.values() if (cluster := open_one(reached, repository)) is not None]
    return found[0] if len(found) == 1 else SeveralClusters(found)
