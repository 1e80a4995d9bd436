"""Gateway API: `spec.rules[].backendRefs[].weight` of an HTTPRoute or a GRPCRoute.

https://gateway-api.sigs.k8s.io/guides/traffic-splitting: weights are proportions (their sum is the denominator), one that is not
written is 1, and a single backend gets everything whatever its weight.
"""

from __future__ import annotations

from collections.abc import Iterator

from bot.manifests.walk import Level, Object, below, entries
from bot.manifests.weights.split import Split, share, split

KINDS = frozenset(("HTTPRoute", "GRPCRoute"))


def splits(found: Object) -> Iterator[Split]:
    if found.kind not in KINDS or not found.api_version.startswith("gateway.networking.k8s.io/"):
        return
    for spec in below(Level(found, found.root), "spec")[:1]:
        for rule in entries(spec, "rules"):
            backends = entries(rule, "backendRefs")
            if backends:
                yield split(rule, (share(each, "weight", each.text("name"), "gateway") for each in backends))
