"""The formats that pins are read from."""

from __future__ import annotations

from collections.abc import Mapping

from bot.manifests import (
    argocd,
    compose,
    configmap,
    envfile,
    flux,
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
    "configmap": configmap.pins,
    "olm": olm.pins,
    "parameters": parameters.pins,
    "templated": templated.pins,
    "workloads": workloads.pins,
    "helm": helm.pins,
}
