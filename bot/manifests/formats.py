"""The formats that pins are read from."""

from __future__ import annotations

from collections.abc import Mapping

from bot.manifests import (
    argocd,
    assigned,
    compose,
    configmap,
    envfile,
    flux,
    hcl,
    helm,
    helmfile,
    kustomize,
    olm,
    overlays,
    parameters,
    rancher,
    renovate,
    templated,
    workloads,
)
from bot.manifests.pin import Format

# The order is the priority: where two rows claim one span, the first keeps it. So the more specific a format, the higher it stands.
FORMATS: Mapping[str, Format] = {
    "kustomize": kustomize.pins,
    "overlays": overlays.pins,
    "flux": flux.pins,
    "argocd": argocd.pins,
    "compose": compose.pins,
    "helmfile": helmfile.pins,
    "rancher": rancher.pins,
    "renovate": renovate.pins,
    "envfile": envfile.pins,
    "hcl": hcl.pins,
    "assigned": assigned.pins,
    "configmap": configmap.pins,
    "olm": olm.pins,
    "parameters": parameters.pins,
    "templated": templated.pins,
    "workloads": workloads.pins,
    "helm": helm.pins,
}

ONLY_TEXTS = frozenset({"hcl", "assigned"})
TEXTS = ONLY_TEXTS | {"renovate"}
"""The rows that know files that are no YAML (see texts.py); no other row is asked about those."""
