"""Istio: `spec.{http,tls,tcp}[].route[].weight` of a VirtualService; a backend is a host, with its subset where one is named.

https://istio.io/latest/docs/reference/config/networking/virtual-service/#HTTPRouteDestination. Today's Istio takes weights as
proportions, earlier ones refused what does not sum to 100; who wrote percentages that do not has made a mistake, so 100 is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator

from bot.manifests.walk import Level, Object, below, entries
from bot.manifests.weights.split import Share, Split, share, split

PERCENT = 100


def splits(found: Object) -> Iterator[Split]:
    if found.kind != "VirtualService" or not found.api_version.startswith("networking.istio.io/"):
        return
    for spec in below(Level(found, found.root), "spec")[:1]:
        for protocol in ("http", "tls", "tcp"):
            for rule in entries(spec, protocol):
                routes = entries(rule, "route")
                if routes:
                    yield split(rule, (_share(each) for each in routes), PERCENT)


def _share(route: Level) -> Share:
    destination = next(iter(below(route, "destination")), None)
    host, subset = (destination.text("host"), destination.text("subset")) if destination else ("", "")
    name = service_of(host, route.object.namespace)
    return share(route, "weight", f"{name}/{subset}" if subset else name, "istio")


def service_of(host: str, namespace: str) -> str:
    """`reviews`, `reviews.shop` (in that namespace) and `reviews.shop.svc.cluster.local` are the Service reviews; other hosts stay."""
    first, _, rest = host.partition(".")
    place, _, domain = rest.partition(".")
    ours = domain.split(".")[0] == "svc" if domain else bool(place) and place == namespace
    return first if ours else host
