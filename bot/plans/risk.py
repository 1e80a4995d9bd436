"""Files as they stand and as they are to be → what needs a person: capacity, secrets, security, network, storage, objects."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from bot.manifests import documents
from bot.manifests.documents import Alias, Map, Node, Scalar, Seq
from bot.manifests.inclusions import KUSTOMIZATIONS
from bot.objections import Objection, Weight
from bot.releases.release import DesiredState

_CAPACITY = re.compile(
    r"replicas|replicaCount|minReplicas|maxReplicas|minAvailable|maxUnavailable|cpu|memory|ephemeral-storage|parallelism"
)
_RISKY = {
    "secret": re.compile(r"(?i:secrets?|secret\w+|existingSecret\w*|\w+secret(ref|keyref|name)?|envFrom|imagePullSecrets)"),
    "security": re.compile(
        r"securityContext|podSecurityContext|privileged|capabilities|runAs\w+|allowPrivilegeEscalation|serviceAccount\w*|rules|roleRef"
    ),
    "network": re.compile(
        r"hostNetwork|hostPort|nodePort|ports?|targetPort|containerPort|ingress|egress|hosts?|hostnames?|tls|loadBalancer\w*"
    ),
    "storage": re.compile(r"volumes?|volumeMounts|volumeClaimTemplates|persistence|storage\w*|persistentVolumeClaim|claimName|accessModes"),
}
_UNITS = {
    "m": 1e-3,
    "": 1.0,
    "k": 1e3,
    "Ki": 2.0**10,
    "M": 1e6,
    "Mi": 2.0**20,
    "G": 1e9,
    "Gi": 2.0**30,
    "T": 1e12,
    "Ti": 2.0**40,
    "%": 1e-2,
}
_QUANTITY = re.compile(r"([0-9]+(?:\.[0-9]+)?)(m|k|Ki|M|Mi|G|Gi|T|Ti|%)?")

_OBJECTS = {
    "CustomResourceDefinition": ("crd", "a custom resource definition changes: every object of its kind hangs on it"),
    "PersistentVolumeClaim": ("volume-claim", "a volume claim changes"),
    "PersistentVolume": ("volume-claim", "a volume changes"),
    "StorageClass": ("volume-claim", "a storage class changes"),
}
"""Kinds that no rollback changes without a person, whatever it changes in them (law 9)."""
_SELECTED = ("spec", "selector")
_IMMUTABLE: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "Deployment": (_SELECTED,),
    "DaemonSet": (_SELECTED,),
    "ReplicaSet": (_SELECTED,),
    "StatefulSet": (_SELECTED, ("spec", "serviceName"), ("spec", "volumeClaimTemplates"), ("spec", "podManagementPolicy")),
    "Job": (_SELECTED, ("spec", "template"), ("spec", "completions"), ("spec", "completionMode")),
    "Service": (("spec", "clusterIP"), ("spec", "clusterIPs"), ("spec", "ipFamilies")),
    "RoleBinding": (("roleRef",),),
    "ClusterRoleBinding": (("roleRef",),),
    "Secret": (("type",), ("immutable",)),
    "ConfigMap": (("immutable",),),
}
"""What Kubernetes refuses to change in an object that is there (API reference of each kind: field is immutable, cannot be updated)."""
_KUSTOMIZED_OBJECTS = ("resources", "bases", "components", "crds", "generators", "helmCharts")
_KUSTOMIZED_NAMES = ("namePrefix", "nameSuffix", "namespace", "commonLabels")

Leaves = Mapping[tuple[str, ...], tuple[str, int]]


def risks(state: DesiredState, files: Mapping[str, bytes | None]) -> Iterator[Objection]:
    """Yield one objection a risky change, at its line at HEAD (at the planned text where it is new)."""
    for path, text in sorted(files.items()):
        before = state.file(path)
        if before is not None and text is not None:
            yield from _file(path, before, text)


def _file(path: str, before: bytes, text: bytes) -> Iterator[Objection]:
    old, new, built = _leaves(before), _leaves(text), path.rpartition("/")[2] in KUSTOMIZATIONS
    for place in sorted({*old, *new}):
        was, now = old.get(place), new.get(place)
        if (was and was[0]) != (now and now[0]):
            found = _risk(place, was and was[0], now and now[0]) or (_kustomized(place, was is None or now is None) if built else None)
            line = (was or now or ("", 1))[1]
            if found:
                code, what = found
                yield Objection(code, f"{'.'.join(place[1:])}: {what}", Weight.PERSON, path, line)


def _risk(place: tuple[str, ...], was: str | None, now: str | None) -> tuple[str, str] | None:
    kind, where = place[0].partition("/")[0], place[1:]
    if where == ("kind",) and (was is None or now is None):
        return "objects", "the rollback adds or removes an object"
    if kind in _OBJECTS:
        return _OBJECTS[kind]
    if any(where[: len(fixed)] == fixed for fixed in _IMMUTABLE.get(kind, ())):
        return "immutable", f"Kubernetes refuses to change this in a {kind} that is there; it would have to be deleted"
    if _is_capacity(place) and _lowers(was, now):
        return "lowers-capacity", f"goes from {was or 'unset'} to {now or 'unset'}"
    for code, words in _RISKY.items():
        if any(words.fullmatch(key) for key in place[1:]):
            # values are not shown: this is where credentials and their names live
            return f"touches-{code}", f"companion lines change {code} settings"
    return None


def _kustomized(place: tuple[str, ...], comes_or_goes: bool) -> tuple[str, str] | None:
    """What a kustomization builds: other objects, or the same under other names, which deletes the old ones."""
    first = place[1] if len(place) > 1 else ""
    generated = first in ("configMapGenerator", "secretGenerator") and place[-1] == "name" and comes_or_goes
    if first in _KUSTOMIZED_OBJECTS or generated:
        return "objects", "the rollback changes which objects are built"
    return ("immutable", "every object goes by another name, or is selected by other labels") if first in _KUSTOMIZED_NAMES else None


def _is_capacity(place: tuple[str, ...]) -> bool:
    """Kustomize writes `replicas: [{name: x, count: 3}]`."""
    return bool(_CAPACITY.fullmatch(place[-1])) or (place[-1] == "count" and "replicas" in place[1:])


def _lowers(was: str | None, now: str | None) -> bool:
    before, after = _quantity(was), _quantity(now)
    return before is None or after is None or after < before


def _quantity(text: str | None) -> float | None:
    match = _QUANTITY.fullmatch(text or "")
    return float(match[1]) * _UNITS[match[2] or ""] if match else None


def _leaves(file: bytes) -> Leaves:
    """Return every scalar by its place: document number, keys, list items by name or number."""
    found: dict[tuple[str, ...], tuple[str, int]] = {}
    for document in documents.parse_each(file).documents:
        _collect(document.root, (_object(document),), found)
    return found


def _object(document: documents.Document) -> str:
    root = document.root
    names = [root.text("kind"), root.text("metadata", "namespace"), root.text("metadata", "name")] if isinstance(root, Map) else []
    return "/".join(names) if any(names) else str(document.index)


def _collect(node: Node | None, place: tuple[str, ...], found: dict[tuple[str, ...], tuple[str, int]]) -> None:
    if isinstance(node, Scalar):
        found[place] = (node.value, node.line)
    elif isinstance(node, Alias):
        found[place] = ("*" + node.name, node.line)
    elif isinstance(node, Map):
        for key, value in node.items:
            _collect(value, (*place, key.value), found)
    elif isinstance(node, Seq):
        for number, item in enumerate(node.items):
            name = item.text("name") if isinstance(item, Map) else ""
            _collect(item, (*place, name or str(number)), found)
