"""A plan: what a rollback would change, byte for byte, and what there is to say against it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from bot.objections import Objection
from bot.refs import Instant, ServiceRef, Sha


@dataclass(frozen=True, slots=True)
class ByService:
    """The service's newest release, or the one that brought `version` in."""

    name: str
    environment: str | None = None


@dataclass(frozen=True, slots=True)
class ByPath:
    """The pins of a file that pass all given filters; the release is the one that brought their value in."""

    path: str
    artefact: str | None = None
    at_path: str | None = None
    value: str | None = None


@dataclass(frozen=True, slots=True)
class ByCommit:
    """Everything that a commit changed, wherever it stands at HEAD now."""

    commit: str


@dataclass(frozen=True, slots=True)
class ByRelease:
    """One release of one service, as attribution or a person named it."""

    service: ServiceRef
    commit: Sha


Selector = ByService | ByPath | ByCommit | ByRelease


@dataclass(frozen=True, slots=True)
class Unplanned:
    """No plan, and why. `choices` lists what fits where the selector fits several (or the nearest names where none)."""

    objections: tuple[Objection, ...]
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Edit:
    """One scalar that goes from `before` to `after` (`from` and `to` in JSON). `line` is 1-based, at base."""

    path: str
    yaml_path: str
    artefact: str
    line: int
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class MergedLines:
    """Companion lines that were taken back by a clean three-way merge: how many the rollback adds and removes."""

    path: str
    added: int
    removed: int


@dataclass(frozen=True, slots=True)
class Target:
    """What the service goes back to: a version, the commit that released it, how long it served (seconds), why it.

    `back`: how many releases it lies before what stands now (0: not known); `left`: when it was last replaced.
    """

    version: str
    commit: Sha | None
    served: float | None
    why: str
    back: int = 0
    left: Instant | None = None


@dataclass(frozen=True, slots=True)
class QuarantineEdit:
    """A change that keeps the bad release from coming back; `text` None deletes the file."""

    path: str
    text: bytes | None
    bot: str
    reason: str
    expires: Instant


@dataclass(frozen=True, slots=True)
class Plan:
    """What would be written on top of `base`. `files` holds the rollback itself (None deletes a file).

    `undone` is the commit whose release goes back, `undone_version` its version, `release` its identity.
    """

    repository: str
    base: Sha
    services: tuple[ServiceRef, ...]
    undone: Sha | None
    undone_version: str
    release: str
    target: Target | None
    alternatives: tuple[Target, ...]
    edits: tuple[Edit, ...]
    merged: tuple[MergedLines, ...]
    files: Mapping[str, bytes | None]
    quarantine: tuple[QuarantineEdit, ...] = ()
    objections: tuple[Objection, ...] = ()
    parts: tuple[Plan, ...] = ()
    """Where several services go back because of each other: each one's own plan, the first the one that was asked for."""
    wave: int = 0
    """Of a part: when it goes back, the lowest first."""
    rest: tuple[Plan, ...] = ()
    """Of the plan of one wave: the parts of the others."""
    turn: tuple[int, int] | None = None
    """Of the plan of one wave: which of how many."""

    def written(self) -> Mapping[str, bytes | None]:
        """All files that the commit writes: the rollback's and the quarantine's, the latter holding both where they meet."""
        return {**self.files, **{edit.path: edit.text for edit in self.quarantine}}

    def key(self, attempt: int = 1) -> str:
        """The plan's name: the same rollback planned again, on whatever base, has the same key (DESIGN, branch)."""
        edits = sorted(f"{e.path}\0{e.yaml_path}\0{e.artefact}\0{e.before}\0{e.after}" for e in self.edits)
        lines = sorted(f"{m.path}\0{m.added}\0{m.removed}" for m in self.merged)
        text = "\n".join([self.repository, self.release, *edits, *lines, str(attempt)])
        return hashlib.sha256(text.encode()).hexdigest()
