"""Traefik: `spec.weighted.services[].weight` of a TraefikService, `spec.routes[].services[].weight` of an IngressRoute.

https://doc.traefik.io/traefik/reference/routing-configuration/kubernetes/crd/http/traefikservice/: weights are proportions.
"""

from __future__ import annotations

from collections.abc import Iterator

from bot.manifests.walk import Level, Object, below, entries
from bot.manifests.weights.split import Split, share, split

GROUPS = ("traefik.io/", "traefik.containo.us/")
ROUTES = frozenset(("IngressRoute", "IngressRouteTCP"))


def splits(found: Object) -> Iterator[Split]:
    if not found.api_version.startswith(GROUPS):
        return
    for spec in below(Level(found, found.root), "spec")[:1]:
        weighted = below(spec, "weighted")[:1] if found.kind == "TraefikService" else []
        for rule in (*weighted, *(entries(spec, "routes") if found.kind in ROUTES else ())):
            services = entries(rule, "services")
            if services:
                yield split(rule, (share(each, "weight", each.text("name"), "traefik") for each in services))
