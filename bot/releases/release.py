"""Values of history: commits, what they changed, a service's releases, and the desired state they add up to."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar, runtime_checkable

from bot.manifests.estate import Estate, Service
from bot.manifests.pin import Reading
from bot.manifests.rules import ManifestRules
from bot.refs import Instant, ServiceRef, Sha

_Key = TypeVar("_Key", contravariant=True)


@dataclass(frozen=True, slots=True)
class FileChange:
    """A path before and after a commit (against its first parent); None where it did not exist. Blobs by name."""

    path: str
    before: Sha | None
    after: Sha | None


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit of the first-parent line. `message` is whole (subject, body, trailers), `time` the committer's.

    Of a merge that brought in a commit of ours, `message` ends with that commit's trailers, whatever whoever merged wrote.
    """

    sha: Sha
    parent: Sha | None
    time: Instant
    author: str
    email: str
    message: str
    files: tuple[FileChange, ...]

    @property
    def subject(self) -> str:
        return self.message.split("\n", 1)[0]


@dataclass(frozen=True, slots=True)
class PinChange:
    """One pin before and after; None where the pin appeared or went away."""

    path: str
    yaml_path: str
    artefact: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class LineChange:
    """How many lines of a file, other than those of its pins, a release added and removed."""

    path: str
    added: int
    removed: int


@dataclass(frozen=True, slots=True)
class Release:
    """Everything that one commit changed in a service's files."""

    service: ServiceRef
    commit: Sha
    parent: Sha | None
    time: Instant
    author: str
    bot: bool
    pull_request: int | None
    subject: str
    version: str
    changes: tuple[PinChange, ...]
    merged: tuple[LineChange, ...]
    files: tuple[FileChange, ...]
    rollback: bool = False
    """It is itself a rollback or revert (trailers, or a `Revert "…"` subject)."""

    @property
    def identity(self) -> str:
        return identity(self.changes, self.files)


def identity(changes: Iterable[PinChange], files: Iterable[FileChange]) -> str:
    """Hash normalised changes: the same change released again has the same identity (F4). Files count where no pin changed."""
    pins = sorted(f"{c.path}\0{c.yaml_path}\0{c.artefact}\0{c.before}\0{c.after}" for c in changes)
    lines = pins or sorted(f"{f.path}\0{f.before}\0{f.after}" for f in files)
    return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogateescape")).hexdigest()


@dataclass(frozen=True, slots=True)
class History:
    """A service's releases, newest first. `complete` is False where a shallow clone cut it off."""

    service: ServiceRef
    releases: tuple[Release, ...]
    complete: bool = True


@runtime_checkable
class Ahead(Protocol[_Key]):
    """A lazy mapping that fetches many of its values more cheaply than one by one."""

    def load(self, keys: Iterable[_Key]) -> None: ...


@dataclass(frozen=True, slots=True, eq=False)
class DesiredState:
    """A repository at one revision with the first-parent line that led there: all that scan, history and plan look at.

    It equals only itself, so that what is worked out of it can be kept beside it.
    `log` is newest first. `blobs` and `readings` may be lazy mappings; `readings` is keyed by (path, blob).
    A missing blob (partial clone, too large) is absent from `blobs`.
    """

    repository: str
    head: Sha
    tree: Mapping[str, Sha]
    log: Sequence[Commit]
    blobs: Mapping[Sha, bytes]
    readings: Mapping[tuple[str, Sha], Reading]
    estate: Estate
    shallow: bool = False
    rules: ManifestRules = ManifestRules()  # noqa: RUF009 - a frozen value

    def service(self, ref: ServiceRef) -> Service | None:
        return self.estate.get(ref)

    def file(self, path: str) -> bytes | None:
        blob = self.tree.get(path)
        return None if blob is None else self.blobs.get(blob)
