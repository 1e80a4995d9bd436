"""The formats that pins are read from."""

from __future__ import annotations

from collections.abc import Mapping

from bot.manifests import (
    argocd,
    assigned,
    ci,
    compose,
    conda,
    configmap,
    embedded,
    envfile,
    flux,
    hcl,
    helm,
    helmfile,
    kargo,
    kustomize,
    lists,
    olm,
    openshift,
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
    "kargo": kargo.pins,
    "ci": ci.pins,
    "renovate": renovate.pins,
    "envfile": envfile.pins,
    "hcl": hcl.pins,
    "assigned": assigned.pins,
    "configmap": configmap.pins,
    "olm": olm.pins,
    "openshift": openshift.pins,
    "conda": conda.pins,
    "lists": lists.pins,
    "parameters": parameters.pins,
    "embedded": embedded.pins,
    "templated": templated.pins,
    "workloads": workloads.pins,
    "helm": helm.pins,
}

ONLY_TEXTS = frozenset({"hcl", "assigned"})
TEXTS = ONLY_TEXTS | {"renovate"}
"""The rows that know files that are no YAML (see texts.py); no other row is asked about those."""
