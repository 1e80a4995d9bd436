"""The formats that pins are read from."""

from __future__ import annotations

from collections.abc import Mapping

from bot.manifests import envfile, flux, helm, kustomize, workloads
from bot.manifests.pin import Format

# The order is the priority: where two rows claim one span, the first keeps it. So the more specific a format, the higher it stands.
FORMATS: Mapping[str, Format] = {
    "kustomize": kustomize.pins,
    "flux": flux.pins,
    "envfile": envfile.pins,
    "workloads": workloads.pins,
    "helm": helm.pins,
}
