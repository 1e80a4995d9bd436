"""ingress-nginx: the annotation `canary-weight` of an Ingress that is marked as the canary of another.

https://kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/annotations/#canary: of `canary-weight-total` (100) requests
so many go to this Ingress' backend, the rest to the main Ingress. Header and cookie go before the weight.
"""

from __future__ import annotations

from collections.abc import Iterator

from bot.manifests.walk import Level, Object, below, entries
from bot.manifests.weights.split import NUMBER, Split, named, objection, share
from bot.objections import Objection, Weight

PREFIX = "nginx.ingress.kubernetes.io/"
WEIGHT = f"{PREFIX}canary-weight"
ALWAYS = (f"{PREFIX}canary-by-header", f"{PREFIX}canary-by-cookie")


def splits(found: Object) -> Iterator[Split]:
    annotations = next(iter(below(Level(found, found.root), "metadata", "annotations")), None) if found.kind == "Ingress" else None
    if annotations is None or annotations.text(f"{PREFIX}canary") != "true" or annotations.map.get(WEIGHT) is None:
        return
    shares = tuple(share(annotations, WEIGHT, name, "nginx") for name in _backends(found))
    if not shares:
        return
    total = annotations.text(f"{WEIGHT}-total") or "100"
    line, against = shares[0].line, None
    if NUMBER.fullmatch(total) is None:
        against = objection("weights-unreadable", f"{WEIGHT}-total is no whole number", found.path, line)
    elif not shares[0].why and shares[0].weight > int(total):
        against = objection("weights-sum", f"{WEIGHT} is {shares[0].weight}, of {total}", found.path, line)
    cautions = tuple(
        Objection("still-routed", f"what `{name}` names goes to the canary all the same", Weight.NOTE, found.path, line)
        for name in ALWAYS
        if annotations.map.get(name) is not None
    )
    yield Split(found.path, line, named(found), shares, None if against else int(total), rest=True, against=against, cautions=cautions)


def _backends(found: Object) -> list[str]:
    """The Services of its paths and its default backend, in the shape of networking.k8s.io/v1 or of the betas before it."""
    spec = next(iter(below(Level(found, found.root), "spec")), None)
    if spec is None:
        return []
    paths = [path for rule in entries(spec, "rules") for http in below(rule, "http")[:1] for path in entries(http, "paths")]
    backends = [below(path, "backend")[:1] for path in paths]
    backends += [below(spec, key)[:1] for key in ("defaultBackend", "backend")]
    names = [_service(level) for found_levels in backends for level in found_levels]
    return list(dict.fromkeys(name for name in names if name))


def _service(backend: Level) -> str:
    return next((service.text("name") for service in below(backend, "service")[:1]), "") or backend.text("serviceName")
