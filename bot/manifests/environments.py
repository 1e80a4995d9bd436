"""A path → where it belongs by folder and file conventions: environment, cluster, and the unit that is left of its folders."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

STRONG = frozenset(
    ("prod", "production", "prd", "staging", "stage", "stg", "dev", "development", "uat", "qa", "preprod", "pre-prod", "nonprod")
)
WEAK = frozenset(
    ("live", "test", "testing", "sandbox", "local", "canary", "demo", "preview", "integration", "int", "perf", "dr", "playground")
)
_LONG = frozenset(("production", "staging", "development", "prod", "preprod"))
_HOLDERS = frozenset(("components", "services", "projects", "workloads"))
MARKERS = frozenset(("overlays", "overlay", "envs", "env", "environments", "environment", "stages", "clusters"))
BASES = frozenset(("base", "bases", "common", "shared", "_base", "_common"))
ARCHIVES = frozenset(("archive", "archived", "attic", "deprecated", "disabled", "example", "examples", "obsolete"))
"""Folders of what runs nowhere: a copy kept there is no second service of its name."""
GENERIC = frozenset(
    (
        *(
            "app",
            "apps",
            "application",
            "applications",
            "argo",
            "argocd",
            "argo-cd",
            "argo-cd-apps",
            "chart",
            "charts",
            "cluster",
            "components",
        ),
        *(
            "config",
            "configs",
            "deploy",
            "deployment",
            "deployments",
            "env",
            "flux",
            "gitops",
            "helm",
            "helmfile",
            "helmfile.d",
            "helm-charts",
        ),
        *(
            "infra",
            "infrastructure",
            "install",
            "k8s",
            "kubernetes",
            "kustomize",
            "kustomization",
            "main",
            "manifest",
            "manifests",
            "namespaces",
        ),
        *("override", "overrides", "patches", "release", "releases", "resources", "services", "src", "templates", "values", "workloads"),
    )
)
_EXTENSIONS = frozenset(
    ("yaml", "yml", "json", "json5", "env", "gotmpl", "tmpl", "tpl", "j2", "jinja2", "tf", "tfvars", "hcl", "toml", "sops", "enc")
)
_COMPOUND = re.compile(r"[-_.]")


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where a service runs. `cluster` is "" where the path names none."""

    environment: str
    cluster: str = ""


@dataclass(frozen=True, slots=True)
class Location:
    """What a path says. `unit`: its folders without those that name environments, clusters, bases or nothing at all.

    `base`: it lies in a folder (or has a file name) that several environments use. `stem`: the file's own name without
    extensions, environment and the word `values`, "" where nothing is left.
    """

    place: Place | None
    unit: tuple[str, ...]
    base: bool
    stem: str
    values: bool


@dataclass(frozen=True, slots=True)
class _Stem:
    environment: str | None
    cluster: str
    name: str
    values: bool
    base: bool


def word(text: str, known: Mapping[str, str]) -> tuple[str, str] | None:
    """Return the environment that a name means, and the cluster it names on the way (`prod-eu1`: prod, prod-eu1)."""
    if text in known:
        several = sum(1 for other in known.values() if other == known[text]) > 1
        return known[text], text if several and text != known[text] else ""
    if text.lower() in STRONG or text.lower() in WEAK:
        return text, ""
    parts = _COMPOUND.split(text)
    token = next((part for part in parts if part.lower() in STRONG), None)
    if token is None:
        return None
    return token, "" if all(part.lower() in GENERIC for part in parts if part != token) else text


def suffix(name: str, known: Mapping[str, str]) -> tuple[str, str] | None:
    """Split `checkout-prod` into its name and environment; None where no environment's name ends it."""
    for at, character in enumerate(name):
        tail = name[at + 1 :]
        if character in "-_" and at and (tail in known or tail.lower() in STRONG):
            return name[:at], known.get(tail, tail)
    return None


def locate(path: str, known: Mapping[str, str]) -> Location:
    """Say where a path belongs. `known` maps names to environments and goes before every convention."""
    return _locate(path, tuple(sorted(known.items())))


@lru_cache(maxsize=8192)
def _locate(path: str, pairs: tuple[tuple[str, str], ...]) -> Location:
    known = dict(pairs)
    *folders, file = path.split("/")
    chosen = _chosen(tuple(folders), known)
    stem = _stem(file, known)
    rank, at, environment, cluster = chosen if chosen else (9, -1, None, "")
    if stem.environment and rank > 2:
        environment, cluster, at = stem.environment, stem.cluster, -1
    unit = []
    for number, folder in enumerate(folders):
        low = folder.lower()
        if number == at or low in MARKERS or low in BASES:
            continue
        if environment and _is_cluster(folder, folders[number - 1] if number else "", number > at >= 0):
            cluster = folder
        elif low not in GENERIC or (number and folders[number - 1].lower() in _HOLDERS):
            unit.append(folder)
    base = stem.base or any(folder.lower() in BASES for folder in folders)
    return Location(Place(environment, cluster) if environment else None, tuple(unit), base, stem.name, stem.values)


def _is_cluster(folder: str, parent: str, below: bool) -> bool:
    parts = _COMPOUND.split(folder.lower())
    return parent.lower() == "clusters" or (below and len(parts) > 1 and any(part in STRONG for part in parts))


def _chosen(folders: tuple[str, ...], known: Mapping[str, str]) -> tuple[int, int, str, str] | None:
    """The folder that names the environment: rank (lower is surer), index, environment, cluster."""
    found = []
    for at, folder in enumerate(folders):
        low, parent = folder.lower(), folders[at - 1].lower() if at else ""
        meaning = word(folder, known)
        if low.lstrip("._") in ARCHIVES and folder not in known:
            found.append((-1, at, low.lstrip("._"), ""))
        elif folder in known and meaning:
            found.append((0, at, *meaning))
        elif low in STRONG:
            found.append((1, at, folder, ""))
        elif parent in MARKERS and low not in MARKERS | BASES | GENERIC:
            found.append((2, at, *(meaning or (folder, ""))))
        elif meaning and {_COMPOUND.split(low)[0], _COMPOUND.split(low)[-1]} & _LONG:
            found.append((3, at, *meaning))
        elif low in WEAK:
            found.append((4, at, folder, ""))
    return min(found, default=None)


def _stem(file: str, known: Mapping[str, str]) -> _Stem:
    parts = [part for part in file.split(".") if part and part.lower() not in _EXTENSIONS]
    values = any(part.lower() == "values" or re.match(r"values[-_]|.*[-_]values$", part.lower()) for part in parts)
    environment, cluster, names, base = None, "", [], False
    for part in (re.sub(r"^values[-_]|[-_]values$|^values$", "", part, flags=re.IGNORECASE) for part in parts):
        whole = part in known or part.lower() in STRONG | WEAK
        compound = word(part, known) if values or whole else None
        split = suffix(part, known)
        if compound and (whole or not split):
            environment, cluster = compound
        elif split:
            names.append(split[0])
            environment = split[1]
        elif part.lower() in BASES | {"default", "defaults", "global"}:
            base = True
        elif part:
            names.append(part)
    return _Stem(environment, cluster, ".".join(names), values, base)
