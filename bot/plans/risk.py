"""Files as they stand and as they are to be → what needs a person: capacity, secrets, security, network, storage, objects."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from bot.manifests import documents
from bot.manifests.documents import Alias, Map, Node, Scalar, Seq
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

Leaves = Mapping[tuple[str, ...], tuple[str, int]]


def risks(state: DesiredState, files: Mapping[str, bytes | None]) -> Iterator[Objection]:
    """Yield one objection a risky change, at its line at HEAD (at the planned text where it is new)."""
    for path, text in sorted(files.items()):
        before = state.file(path)
        if before is not None and text is not None:
            yield from _file(path, before, text)


def _file(path: str, before: bytes, text: bytes) -> Iterator[Objection]:
    old, new = _leaves(before), _leaves(text)
    for place in sorted({*old, *new}):
        was, now = old.get(place), new.get(place)
        if (was and was[0]) != (now and now[0]):
            found = _risk(place, was and was[0], now and now[0])
            line = (was or now or ("", 1))[1]
            if found:
                code, what = found
                yield Objection(code, f"{'.'.join(place[1:])}: {what}", Weight.PERSON, path, line)


def _risk(place: tuple[str, ...], was: str | None, now: str | None) -> tuple[str, str] | None:
    if place[1:] == ("kind",) and (was is None or now is None):
        return "objects", "the rollback adds or removes an object"
    if _is_capacity(place) and _lowers(was, now):
        return "lowers-capacity", f"goes from {was or 'unset'} to {now or 'unset'}"
    for code, words in _RISKY.items():
        if any(words.fullmatch(key) for key in place[1:]):
            # values are not shown: this is where credentials and their names live
            return f"touches-{code}", f"companion lines change {code} settings"
    return None


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
