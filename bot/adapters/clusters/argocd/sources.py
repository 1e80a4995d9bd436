"""An Application's spec → where it reads our repository from: which of its sources, which folder, which files, which ref."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from posixpath import join, normpath
from typing import Any

from bot.adapters.clusters.answers import at, items, text
from bot.adapters.clusters.delivering import EXACT, inside

HEADS = ("", "HEAD")


@dataclass(frozen=True, slots=True)
class Source:
    """One source of an Application that is our repository.

    `index` is its place in `sources`, `revisions`, None for a single source. `folder` None: it only lends `files` to other sources.
    `dry`: it is what a hydrator renders, so that the synced revision is a commit of another branch.
    """

    index: int | None
    folder: str | None
    files: tuple[str, ...]
    ref: str
    dry: bool = False

    def covers(self, path: str) -> int:
        """How closely, -1 where not at all."""
        if path in self.files:
            return EXACT
        return -1 if self.folder is None else inside(path, self.folder)

    def follows(self, branch: str) -> bool:
        return self.ref.removeprefix("refs/heads/") in (*HEADS, branch)


def addresses(application: Mapping[str, Any]) -> tuple[str, ...]:
    """Every repository that an Application reads."""
    spec = at(application, "spec")
    told = (at(spec, "sourceHydrator", "drySource"), at(spec, "source"), *items(spec, "sources"))
    return tuple(text(each, "repoURL") for each in told)


def ours(application: Mapping[str, Any], known: Container[str]) -> tuple[Source, ...]:
    """The sources of an Application that are one repository, by the addresses that it is `known` as."""
    spec = at(application, "spec")
    name = text(application, "metadata", "name")
    dry = at(spec, "sourceHydrator", "drySource")
    if dry:
        return (_source(dry, None, (), name, dry=True),) if text(dry, "repoURL") in known else ()
    several = items(spec, "sources")
    if not several:
        one = at(spec, "source")
        return (_source(one, None, (), name),) if text(one, "repoURL") in known else ()
    found = [(index, each) for index, each in enumerate(several) if text(each, "repoURL") in known]
    return tuple(_source(each, index, _lent(text(each, "ref"), several, name), name) for index, each in found)


def best(sources: Iterable[Source], path: str) -> Source | None:
    """The one that covers a file most closely."""
    covering = [source for source in sources if source.covers(path) >= 0]
    return max(covering, key=lambda source: source.covers(path), default=None)


def _source(told: Any, index: int | None, lent: tuple[str, ...], name: str, dry: bool = False) -> Source:
    folder: str | None = text(told, "path")
    if text(told, "chart") or (text(told, "ref") and not folder):
        folder = None
    own = [join(folder or "", each) for each in _values(told, name) if not each.startswith(("/", "$")) and "://" not in each]
    rooted = [each.lstrip("/") for each in _values(told, name) if each.startswith("/")]
    files = tuple(normpath(each) for each in (*own, *rooted)) if folder is not None else ()
    return Source(index, folder, (*files, *lent), text(told, "targetRevision"), dry)


def _lent(ref: str, sources: Sequence[Mapping[str, Any]], name: str) -> tuple[str, ...]:
    """The files that other sources take from this one as `$ref/…`."""
    start = f"${ref}/"
    return tuple(
        normpath(each.removeprefix(start)) for source in sources for each in _values(source, name) if ref and each.startswith(start)
    )


def _values(source: Any, name: str) -> list[str]:
    """The value files that a Helm source names; the one variable that names the Application is filled in."""
    listed = at(source, "helm", "valueFiles")
    found = [each for each in listed if isinstance(each, str)] if isinstance(listed, list) else []
    return [each.replace("$ARGOCD_APP_NAME", name).replace("${ARGOCD_APP_NAME}", name) for each in found]
