"""WEIGHTS: the kinds of routes whose weights live in Git."""

from __future__ import annotations

import re
from collections.abc import Mapping

from bot.manifests.templates import is_chart_template
from bot.manifests.walk import objects
from bot.manifests.weights import gateway, istio, nginx, rollouts, smi, traefik
from bot.manifests.weights.split import Split, Weights, objection
from bot.objections import Objection

WEIGHTS: Mapping[str, Weights] = {
    "gateway": gateway.splits,
    "istio": istio.splits,
    "nginx": nginx.splits,
    "rollouts": rollouts.splits,
    "smi": smi.splits,
    "traefik": traefik.splits,
}

_ROUTES = re.compile(rb"^kind:\s*(?:HTTPRoute|GRPCRoute|VirtualService|TrafficSplit|TraefikService|IngressRoute|Rollout)\b", re.MULTILINE)


def splits(file: bytes, path: str) -> tuple[Split, ...]:
    """Return every split of a file, in file order."""
    found = [split for each in objects(file, path) for read in WEIGHTS.values() for split in read(each)]
    return tuple(sorted(found, key=lambda split: split.line))


def unreadable(file: bytes, path: str) -> Objection | None:
    """Why a file that holds a route cannot be read as one: it is a chart's own template."""
    route = _ROUTES.search(file) if is_chart_template(file, path) else None
    if route is None:
        return None
    line = file.count(b"\n", 0, route.start()) + 1
    return objection("weights-template", "this route is a chart's template: its weights are values, decided elsewhere", path, line)
