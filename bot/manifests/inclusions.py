"""Kustomizations → what they include: bases, components, patches, and the folders that Flux and Argo CD apply."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping, Sequence

from bot.manifests.documents import Alias, Map, Node, Scalar, Seq, parse_each

KUSTOMIZATIONS = frozenset(("kustomization.yaml", "kustomization.yml", "Kustomization"))
_LISTS = ("resources", "bases", "components", "patchesStrategicMerge", "generators", "transformers", "crds", "configurations")
_FLUX_FILES = frozenset(("ks.yaml", "ks.yml", "gotk-sync.yaml"))
_APPLIERS = frozenset(("clusters", "cluster", "flux", "flux-system", "argocd", "argo-cd", "argo-cd-apps", "argo", "gitops", "bootstrap"))
_FLUX = ("toolkit.fluxcd.io", "Kustomization")


def may_include(path: str) -> bool:
    """Say by its name alone whether a file is worth asking `includes`."""
    folders, _, name = path.rpartition("/")
    if name in KUSTOMIZATIONS or name in _FLUX_FILES:
        return True
    return name.endswith((".yaml", ".yml")) and not _APPLIERS.isdisjoint(folders.lower().split("/"))


def includes(file: bytes, path: str) -> tuple[str, ...]:
    """Return the files and folders of the repository that a file includes; none where it is no kustomization."""
    if posixpath.basename(path) not in KUSTOMIZATIONS and not any(word in file for word in (b"toolkit.fluxcd.io", b"argoproj.io")):
        return ()
    found: dict[str, None] = {}
    for document in parse_each(file).documents:
        if isinstance(document.root, Map):
            for where in _targets(document.root, path):
                clean = posixpath.normpath(where)
                if not clean.startswith("../") and clean not in ("..", "."):
                    found[clean] = None
    return tuple(found)


def _targets(root: Map, path: str) -> Iterator[str]:
    """Paths from the repository's root, not yet normalised."""
    version, kind = root.text("apiVersion"), root.text("kind")
    if _FLUX[0] in version and kind == _FLUX[1]:
        yield root.text("spec", "path").lstrip("/")
    elif version.startswith("argoproj.io/") and kind == "Application":
        yield root.text("spec", "source", "path").lstrip("/")
        for source in _items(root.at("spec", "sources")):
            yield source.text("path").lstrip("/") if isinstance(source, Map) else ""
    elif posixpath.basename(path) in KUSTOMIZATIONS:
        for target in _kustomized(root):
            if target and "://" not in target and not target.startswith(("git@", "/")) and "?ref=" not in target:
                yield posixpath.join(posixpath.dirname(path), target)


def _kustomized(root: Map) -> Iterator[str]:
    for name in _LISTS:
        yield from (item.value for item in _items(root.get(name)) if isinstance(item, Scalar) and "\n" not in item.value)
    for name in ("patches", "patchesJson6902", "replacements"):
        yield from (item.text("path") for item in _items(root.get(name)) if isinstance(item, Map))
    for name in ("helmCharts", "helmChartInflationGenerator"):
        yield from (item.text("valuesFile") for item in _items(root.get(name)) if isinstance(item, Map))
    for name in ("configMapGenerator", "secretGenerator"):
        for generator in _items(root.get(name)):
            if not isinstance(generator, Map):
                continue
            for key in ("files", "envs"):
                yield from (item.value.rpartition("=")[2] for item in _items(generator.at(key)) if isinstance(item, Scalar))


def _items(node: Node | None) -> Sequence[Node]:
    node = node.target if isinstance(node, Alias) else node
    return node.items if isinstance(node, Seq) else ()


def reached(
    kustomizations: Iterable[str], inclusions: Mapping[str, tuple[str, ...]], files_in: Mapping[str, Sequence[str]]
) -> Iterator[str]:
    """Yield every file that kustomizations include, however far away.

    `files_in` lists what lies directly in a folder, folders with a slash at their end. A folder with a kustomization brings what
    that includes; another brings all that lies in and below it, as Flux has it.
    """
    seen: set[str] = set()
    waiting = [target for file in kustomizations for target in inclusions.get(file, ())]
    while waiting:
        for entry in _entries(waiting.pop(), files_in):
            if entry not in seen:
                seen.add(entry)
                if entry.endswith("/"):
                    waiting.append(entry)
                else:
                    yield entry
                    waiting += inclusions.get(entry, ())


def listed(kustomization: str, inclusions: Mapping[str, tuple[str, ...]], files_in: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Yield the files that a kustomization names itself, or that lie in folders it names, short of what those include."""
    for target in inclusions.get(kustomization, ()):
        for entry in _entries(target, files_in):
            if not entry.endswith("/") and posixpath.basename(entry) not in KUSTOMIZATIONS:
                yield entry


def _entries(target: str, files_in: Mapping[str, Sequence[str]]) -> Iterable[str]:
    inside = files_in.get(target.rstrip("/"))
    if inside is None:
        return (target,)
    return [entry for entry in inside if posixpath.basename(entry) in KUSTOMIZATIONS] or inside
