"""The pins that go back × what the manifests route → the names of the backends that run the bad release, or why nobody can tell."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from bot.manifests.documents import Map, Scalar
from bot.manifests.pin import Pin
from bot.manifests.walk import Level, Object, below, entries, objects
from bot.manifests.weights.istio import service_of
from bot.objections import Objection
from bot.releases.release import DesiredState

LABELS = ("spec", "template", "metadata", "labels")
"""Where a workload says what its pods are labelled with."""
KINDS = frozenset(("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Rollout"))
OWNERS: Mapping[tuple[str, str], str] = {("Rollout", "argoproj.io"): "Argo Rollouts", ("Canary", "flagger.app"): "Flagger"}
"""Kind and group of objects whose controllers set weights themselves, and who those are."""


@dataclass(frozen=True, slots=True)
class Workload:
    """What runs pods, with their labels and the images its pins fix."""

    path: str
    line: int
    kind: str
    name: str
    labels: Mapping[str, str] = field(hash=False)
    pins: frozenset[tuple[str, str]]


def workloads(state: DesiredState, paths: Iterable[str], pins: Mapping[str, Iterable[Pin]]) -> tuple[Workload, ...]:
    """The workloads of some files; `pins`: those files' pins."""
    found = []
    for each in _objects(state, paths):
        if each.kind in KINDS:
            mine = frozenset((pin.artefact, pin.value) for pin in pins.get(each.path, ()) if _within(pin, each))
            found.append(Workload(each.path, each.root.line, each.kind, each.name, _texts(each, *LABELS), mine))
    return tuple(found)


def backends(state: DesiredState, paths: Iterable[str], running: Iterable[Workload]) -> Mapping[str, tuple[Workload, ...]]:
    """Backend → the workloads behind it: by a Service's selector, by the subsets of a DestinationRule, else of that very name."""
    pods, found = tuple(running), dict[str, tuple[Workload, ...]]()
    known = tuple(_objects(state, paths))
    selectors = {each.name: _texts(each, "spec", "selector") for each in known if each.kind == "Service"}
    for name, selector in selectors.items():
        found[name] = tuple(each for each in pods if selector and selector.items() <= each.labels.items())
    for name, labels in (pair for each in known for pair in _subsets(each)):
        wanted = selectors.get(name.partition("/")[0], {}).items() | labels.items()
        found[name] = tuple(each for each in pods if labels and wanted <= each.labels.items())
    for each in pods:
        found.setdefault(each.name, (each,))
    return found


def owner(state: DesiredState, paths: Iterable[str], names: Collection[str]) -> Objection | None:
    """Why the weights of these workloads are not ours to set: a progressive controller owns them. None where none is seen."""
    for each in _objects(state, paths):
        who = OWNERS.get((each.kind, each.api_version.partition("/")[0]))
        if who is not None and {each.name, each.root.text("spec", "targetRef", "name")} & set(names):
            why = f"{who} sets the weights of {each.name} itself: it is let to finish"
            return Objection("controller-owned", why, path=each.path, line=each.root.line)
    return None


def _objects(state: DesiredState, paths: Iterable[str]) -> Iterator[Object]:
    for path in paths:
        yield from objects(state.file(path) or b"", path)


def _within(pin: Pin, found: Object) -> bool:
    return (pin.document, pin.object_kind, pin.object_name) == (found.document, found.kind, found.name)


def _texts(found: Object, *keys: str) -> dict[str, str]:
    node = found.root.at(*keys)
    pairs = node.items if isinstance(node, Map) else []
    return {key.value: value.value for key, value in pairs if isinstance(value, Scalar)}


def _subsets(found: Object) -> Iterator[tuple[str, dict[str, str]]]:
    if found.kind != "DestinationRule" or not found.api_version.startswith("networking.istio.io/"):
        return
    for spec in below(Level(found, found.root), "spec")[:1]:
        host = service_of(spec.text("host"), found.namespace)
        for subset in entries(spec, "subsets"):
            labels = next(iter(below(subset, "labels")), None)
            pairs = labels.map.items if labels else []
            yield f"{host}/{subset.text('name')}", {key.value: value.value for key, value in pairs if isinstance(value, Scalar)}
