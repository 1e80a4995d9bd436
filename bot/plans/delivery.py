"""A file of a service × the repository → what brings it to a cluster, as far as the repository says: Argo CD or a Kustomization of Flux."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from posixpath import basename, normpath

from bot.manifests import documents
from bot.manifests.documents import Document, Map, Seq
from bot.manifests.inclusions import KUSTOMIZATIONS
from bot.releases.release import DesiredState

FLUX, ARGO = "Flux", "Argo CD"
_GROUPS = {FLUX: ("kustomize.toolkit.fluxcd.io/", "Kustomization"), ARGO: ("argoproj.io/", "Application")}


@dataclass(frozen=True, slots=True)
class Delivery:
    """`folder` is what it applies; `path` and `document` where the object stands that says so ("" and None where none is known)."""

    by: str
    folder: str
    path: str = ""
    document: Document | None = None


def delivery(state: DesiredState, file: str) -> Delivery | None:
    """Return the object of the repository that covers a file most closely; None where there is none."""
    found = [each for each in _all(state) if each.folder in ("", ".") or file.startswith(f"{each.folder}/")]
    return max(found, key=lambda each: (each.folder.count("/"), len(each.folder)), default=None)


def folder_of(state: DesiredState, file: str) -> str:
    """The folder of the nearest kustomization above a file, else its own."""
    own = folder = file.rpartition("/")[0]
    while True:
        if kustomization(state, folder):
            return folder
        if not folder:
            return own
        folder = folder.rpartition("/")[0]


def kustomization(state: DesiredState, folder: str) -> str:
    """The path of a folder's kustomization, "" where it has none."""
    paths = (f"{folder}/{name}".lstrip("/") for name in sorted(KUSTOMIZATIONS))
    return next((path for path in paths if path in state.tree), "")


def _all(state: DesiredState) -> Iterator[Delivery]:
    for path in sorted(state.tree):
        text = state.file(path) if path.endswith((".yaml", ".yml")) and not path.startswith(".rollbot/") else None
        if text is None or not any(group.encode() in text for group, _ in _GROUPS.values()) or basename(path) in KUSTOMIZATIONS:
            continue
        for document in documents.parse_each(text).documents:
            if isinstance(document.root, Map):
                yield from _read(document.root, path, document)


def _read(root: Map, path: str, document: Document) -> Iterator[Delivery]:
    version, kind = root.text("apiVersion"), root.text("kind")
    for by, (group, wanted) in _GROUPS.items():
        if version.startswith(group) and kind == wanted:
            sources = root.at("spec", "sources")
            several = [each.text("path") for each in sources.items if isinstance(each, Map)] if isinstance(sources, Seq) else []
            said = (root.text("spec", "path"), root.text("spec", "source", "path"), *several)
            yield from (Delivery(by, normpath(each.lstrip("/")).removeprefix("./"), path, document) for each in said if each)
