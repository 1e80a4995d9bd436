"""Patches that stand inside a kustomization → the pins of what they change in the objects of its bases."""

from __future__ import annotations

from collections.abc import Iterable

from bot.manifests import argocd, flux
from bot.manifests.documents import Scalar, Seq
from bot.manifests.kustomize import is_kustomization
from bot.manifests.patches import patch_pins, text_pins
from bot.manifests.pin import Pin
from bot.manifests.walk import Level, Object, Place, entries, objects

FORMAT = "overlays"


def pins(file: bytes, path: str) -> Iterable[Pin]:
    """Yield the pins of `patches`, `patchesJson6902` and of patches written out in `patchesStrategicMerge`."""
    if b"patch" not in file:
        return
    for found in objects(file, path):
        if is_kustomization(found):
            top = Level(found, found.root)
            for key in ("patches", "patchesJson6902"):
                for patch in entries(top, key):
                    yield from patch_pins(patch, "patch", FORMAT, _known)
            node = top.map.get("patchesStrategicMerge")
            for index, item in enumerate(node.items if isinstance(node, Seq) else ()):
                if isinstance(item, Scalar):
                    yield from text_pins(Place(found, f"patchesStrategicMerge[{index}]", item), FORMAT, _known)


def _known(found: Object) -> Iterable[Pin] | None:
    pins = flux.object_pins(found)
    return argocd.object_pins(found) if pins is None else pins
