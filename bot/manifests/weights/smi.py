"""SMI: `spec.backends[].weight` of a TrafficSplit.

https://github.com/servicemeshinterface/smi-spec/blob/main/apis/traffic-split/v1alpha4/traffic-split.md: relative; the first version
took quantities (`500m`), which are no numbers here.
"""

from __future__ import annotations

from collections.abc import Iterator

from bot.manifests.walk import Level, Object, below, entries
from bot.manifests.weights.split import Split, share, split


def splits(found: Object) -> Iterator[Split]:
    if found.kind != "TrafficSplit" or not found.api_version.startswith("split.smi-spec.io/"):
        return
    for spec in below(Level(found, found.root), "spec")[:1]:
        backends = entries(spec, "backends")
        if backends:
            yield split(spec, (share(each, "weight", each.text("service"), "smi") for each in backends))
