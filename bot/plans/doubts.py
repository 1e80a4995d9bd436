"""Pins that move → what speaks against moving them without a person whatever their values: charts nobody rendered, what keeps data."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from bot.manifests import documents
from bot.manifests.documents import Map, Node, Scalar, Seq
from bot.manifests.generated import generated
from bot.manifests.pin import Pin, PinKind
from bot.objections import Objection, Weight
from bot.plans.draft import moved_pins
from bot.refs import ServiceRef
from bot.releases.release import DesiredState

STATEFUL = "StatefulSet"
_KEEPS = re.compile(rb"StatefulSet|persistentVolumeClaim|volumeClaimTemplates|apiVersion: *[\"']?[a-z0-9-]+\.")
_WHY = {"stateful": "keeps data", "operated": "is run by an operator, which keeps data", "volume-claim": "has a volume that keeps data"}
_DELIVERS = (
    ".k8s.io",
    ".fluxcd.io",
    "argoproj.io",
    "knative.dev",
    "flagger.app",
    "apps.openshift.io",
    "apps.kruise.io",
    "tekton.dev",
    "keda.sh",
    ".cattle.io",
    "kargo.akuity.io",
)
"""Groups whose objects run stateless things, or only bring them: how their pins go back is known."""
_IMAGES = frozenset((PinKind.IMAGE, PinKind.TAG, PinKind.DIGEST))


def doubts(state: DesiredState, services: Iterable[ServiceRef], files: Mapping[str, bytes | None]) -> Iterator[Objection]:
    """Yield each once: `generated` a file that something writes (F7), `chart-unrendered` a chart (F16); what keeps data
    (F15): `stateful`, `operated`, `volume-claim`.
    """
    for path in sorted(files):
        line = generated(state.file(path) or b"")
        if line is not None:
            why = "something else writes this file, by what its head says: the edit is lost the next time; edit what it is made from"
            yield Objection("generated", why, Weight.PERSON, path, line)
    moved = [pin for path, text in sorted(files.items()) for pin, _ in moved_pins(state, path, text)]
    for pin in moved:
        if pin.kind is PinKind.CHART:
            why = f"{pin.artefact or 'a chart'} goes back, and nobody has rendered what that changes in its objects"
            yield Objection("chart-unrendered", why, Weight.PERSON, pin.path, pin.line)
    images = {_last(pin.artefact): pin for pin in moved if pin.kind in _IMAGES and pin.artefact}
    if images:
        for path in dict.fromkeys((*sorted(files), *(path for ref in services for path in _files(state, ref)))):
            yield from _kept(path, state.file(path) if path in state.tree else None, images)


def _files(state: DesiredState, ref: ServiceRef) -> tuple[str, ...]:
    service = state.estate.get(ref)
    return tuple(path for path in service.files if path.endswith((".yaml", ".yml"))) if service else ()


def _kept(path: str, text: bytes | None, images: Mapping[str, Pin]) -> Iterator[Objection]:
    if text is None or not _KEEPS.search(text):
        return
    for document in documents.parse_each(text).documents:
        root = document.root
        if isinstance(root, Map) and (code := _keeps(root)) and any(_last(name) in images for name in _images(root)):
            why = f"{root.text('kind')} {root.text('metadata', 'name')} {_WHY[code]} that the newer version may have changed"
            yield Objection(code, why, Weight.PERSON, path, root.line)


def _keeps(root: Map) -> str:
    """How an object keeps data, "" where it does not. Groups of the form `x.k8s.io` or without a dot are Kubernetes' own."""
    kind, group = root.text("kind"), root.text("apiVersion").partition("/")[0]
    if kind == STATEFUL:
        return "stateful"
    if "." in group and root.at("spec") is not None and not group.endswith(_DELIVERS):
        return "operated"
    return "volume-claim" if any(_claims(root)) else ""


def _claims(node: Node | None) -> Iterator[bool]:
    if isinstance(node, Map):
        for key, value in node.items:
            if key.value in ("persistentVolumeClaim", "volumeClaimTemplates"):
                yield True
            yield from _claims(value)
    elif isinstance(node, Seq):
        for item in node.items:
            yield from _claims(item)


def _images(node: Node | None) -> Iterator[str]:
    if isinstance(node, Map):
        for key, value in node.items:
            if key.value == "image" and isinstance(value, Scalar):
                yield value.value
            else:
                yield from _images(value)
    elif isinstance(node, Seq):
        for item in node.items:
            yield from _images(item)


def _last(image: str) -> str:
    """An image's own name: what a kustomization renames and what an overlay leaves out is told apart by nothing else."""
    return image.rpartition("/")[2].partition("@")[0].partition(":")[0]
