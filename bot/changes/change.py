"""A change: what the forge is asked to hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot.refs import Sha


@dataclass(frozen=True, slots=True)
class Change:
    """One commit on top of `base`, on `branch`, meant for `target`. `marker` is a hidden line that finds the pull request again."""

    branch: str
    target: str
    base: Sha
    message: str
    files: Mapping[str, bytes | None]
    title: str
    body: str
    marker: str
    labels: tuple[str, ...] = ("rollback",)
    reviewers: tuple[str, ...] = ()
    """Whom to ask, best effort: users by login, teams as `organisation/team`."""


@dataclass(frozen=True, slots=True)
class PullRequest:
    """A pull request (or what the `local` forge keeps in its place). `head` is the branch's commit, `merge` the commit on the target."""

    number: int
    branch: str
    target: str
    head: Sha
    state: str
    """open | merged | closed"""
    merge: Sha | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Merged:
    """`bypassed`: which rules of the forge did not hold for us, in words; said wherever the merge is."""

    commit: Sha
    bypassed: str = ""


@dataclass(frozen=True, slots=True)
class Blocked:
    """The forge will not merge now; `by` is who or what has to act first, `waiting` says that time or a review alone may change that."""

    by: str
    waiting: bool


@dataclass(frozen=True, slots=True)
class Moved:
    """The target moved on: plan again on `head`."""

    head: Sha


@dataclass(frozen=True, slots=True)
class Mark:
    """A commit status: `state` is `pending`, `success`, `failure` or `error`; `text` at most 140 characters."""

    context: str
    state: str
    text: str
    url: str | None = None


MergeAnswer = Merged | Blocked | Moved
