"""Where changes are proposed, merged and talked about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from bot.changes.change import Change, Mark, MergeAnswer, PullRequest
from bot.refs import Instant, Sha
from bot.signals.signal import Command, Discussion, Reaction, Role, Thread


class PullRows(Protocol):
    """Where the `local` forge keeps its pull requests."""

    def pull(self, branch: str) -> PullRequest | None:
        """The newest one of that branch."""
        ...

    def save_pull(self, pull: PullRequest) -> PullRequest:
        """Insert (number 0 → the next free number is given) or replace by number."""
        ...

    def save_comment(self, number: int, key: str, text: str) -> None:
        """Keep one comment with that key on pull request `number`, its text replaced."""
        ...

    def comments(self, number: int) -> Mapping[str, str]:
        """The comments of a pull request by key, oldest first."""
        ...


class Forge(Protocol):
    """Where pull requests live."""

    @property
    def guarded(self) -> bool:
        """Whether `commit` raises Stale where the target has moved on from the change's base; else its caller has to look first."""
        ...

    def find(self, branch: str) -> PullRequest | None:
        """The newest pull request of that branch, whatever its state."""
        ...

    def commit(self, change: Change) -> Sha:
        """See Repository.write; signed by the forge where it can."""
        ...

    def open(self, change: Change) -> PullRequest:
        """Open the pull request, or answer the one that is open already."""
        ...

    def merge(self, pull: PullRequest, head: Sha) -> MergeAnswer:
        """Merge exactly `head`. Already merged is Merged."""
        ...

    def disarm(self, pull: PullRequest) -> None:
        """Take back whatever makes the forge merge it by itself later; that nothing does is fine."""
        ...

    def close(self, pull: PullRequest, why: str) -> None: ...

    def comment(self, number: int, key: str, text: str) -> None:
        """Keep one comment with that key on a pull request of the repository (ours or the culprit's), its text replaced."""
        ...

    def touching(self, paths: Iterable[str], since: Instant) -> Sequence[PullRequest]:
        """Open or queued pull requests of people (no bot's, none of ours) that changed since then and touch one of the paths.

        Empty where the forge has no such thing; the newest fifty will do.
        """
        ...

    def mark(self, commit: Sha, mark: Mark) -> None:
        """Keep one commit status with that context on a commit, where the forge has such a thing."""
        ...


class Conversation(Protocol):
    """People talking to Rollbot on issues and pull requests, of the manifests repository or of others at the same forge."""

    def role(self, login: str) -> Role:
        """What a person may do in the manifests repository. Raises Unavailable where that cannot be told: then nobody may."""
        ...

    def member(self, login: str, team: str) -> bool:
        """Whether a person is in a team (by slug, of the repository's organisation). Raises Unavailable where that cannot be told."""
        ...

    def ours(self, actor_id: int) -> bool:
        """Whether that is the account that Rollbot itself writes as. Raises Unavailable or Refused where that cannot be told."""
        ...

    def discussion(self, thread: Thread) -> Discussion:
        """What the thread is about, as it is now. Raises Refused where there is none, or we may not see it."""
        ...

    def labelled(self, label: str) -> Sequence[tuple[int, str]]:
        """Open issues and pull requests of the manifests repository with a label, each with who put it there last ("" nobody known).

        Empty where we were never given the right to read issues. Raises Unavailable where it cannot be told now.
        """
        ...

    def react(self, thread: Thread, comment: int, reaction: Reaction) -> None:
        """Keep a reaction of ours on a comment; `Reaction.SEEN` goes when another comes. Best effort: never raises for a refusal."""
        ...

    def reply(self, thread: Thread, key: str, text: str) -> None:
        """Keep one comment with that key in the thread, its text replaced."""
        ...

    def commands(self, since: Instant, repository: str = "") -> Sequence[Command]:
        """Comments since then that begin like a command, oldest first, by people: for the sweep.

        In the manifests repository, or in another one of the same forge. Raises Refused where we may not read that one.
        """
        ...
