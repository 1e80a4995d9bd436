"""Any Git URL without an API: a pull request is a branch there and a row in our store; merging is ours, or a person's with plain Git."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace

from bot.changes.change import Blocked, Change, Mark, MergeAnswer, Merged, Moved, PullRequest
from bot.errors import Refused, Unavailable
from bot.ports import PullRows, Repository
from bot.refs import Instant, Sha


class LocalForge:
    """Git is the truth: a row that says `open` while the branch is merged or gone is corrected when it is looked at.

    A merged branch goes, as on a forge that deletes head branches, and only then does its row say `merged`: killed in between, the next
    look finds the target holding it and goes on from there.
    """

    guarded = True

    def __init__(self, repository: Repository, rows: PullRows) -> None:
        self.repository, self.rows = repository, rows
        self._committed: dict[str, Sha] = {}
        """What a branch was left at, for the `open` that follows: the push's own answer, so that it is not asked for again."""

    def find(self, branch: str) -> PullRequest | None:
        pull = self.rows.pull(branch)
        return self._seen(pull) if pull and pull.state == "open" else pull

    def commit(self, change: Change) -> Sha:
        self._committed[change.branch] = head = self.repository.write(change)
        return head

    def open(self, change: Change) -> PullRequest:
        head = self._committed.pop(change.branch, None) or self.repository.remote_head(change.branch)
        if head is None:
            raise Refused(f"branch {change.branch} is not on the remote: commit the change before opening its pull request")
        found = self.find(change.branch)
        if found and found.state == "open":
            return found if found.head == head else self.rows.save_pull(replace(found, head=head))
        if found and found.state == "merged" and found.head == head:
            self._tidy(found.branch, head)
            return found
        return self.rows.save_pull(PullRequest(0, change.branch, change.target, head, "open"))

    def merge(self, pull: PullRequest, head: Sha) -> MergeAnswer:
        """Fast-forward the target to `head`; where it is not a descendant of the target any more, the target has moved."""
        pull = self.find(pull.branch) or pull
        if pull.state == "merged" and pull.head == head:
            return Merged(pull.merge or head)
        target = self.repository.remote_head(pull.target)
        if target is None:
            raise Refused(f"branch {pull.target} is not on the remote")
        if self.repository.contains(target, head):
            return self._merged(pull, head)
        if pull.state != "open":
            return Blocked(by=f"the pull request is {pull.state}", waiting=False)
        if self.repository.remote_head(pull.branch) != head:
            return Blocked(by="somebody changed the branch after it was planned", waiting=False)
        if not self.repository.contains(head, target):
            return Moved(target)
        answer = self.repository.advance(pull.target, target, head)
        return self._merged(pull, head) if isinstance(answer, Merged) else answer

    def disarm(self, pull: PullRequest) -> None:
        """Nothing here merges by itself."""

    def close(self, pull: PullRequest, why: str) -> None:
        """Close it and take its branch away; what was merged stays merged."""
        found = self.find(pull.branch)
        if found and found.state == "open":
            self.rows.save_comment(found.number, "closed", why)
            self.rows.save_pull(replace(found, state="closed"))
        head = self.repository.remote_head(pull.branch)
        if head is not None and not (found and found.state == "merged"):
            self.repository.delete(pull.branch, head)

    def comment(self, number: int, key: str, text: str) -> None:
        self.rows.save_comment(number, key, text)

    def touching(self, paths: Iterable[str], since: Instant) -> Sequence[PullRequest]:
        """A plain Git server knows of no pull requests but ours."""
        return ()

    def mark(self, commit: Sha, mark: Mark) -> None:
        """A plain Git server has no commit statuses."""

    def _merged(self, pull: PullRequest, head: Sha) -> Merged:
        self._tidy(pull.branch, head)
        self.rows.save_pull(replace(pull, head=head, state="merged", merge=head))
        return Merged(head)

    def _tidy(self, branch: str, head: Sha) -> None:
        """Take a merged branch away; one that moved on, or a server that lets nobody delete, keeps it: that is no harm."""
        with suppress(Refused):
            self.repository.delete(branch, head)

    def _seen(self, pull: PullRequest) -> PullRequest:
        """Correct an open row by what the remote says: a person may have merged the branch, pushed to it or deleted it."""
        target, head = self.repository.remote_head(pull.target), self.repository.remote_head(pull.branch)
        if target is None:
            raise Unavailable(f"branch {pull.target} is not on the remote now")
        if not self.repository.contains(target, target):  # the mirror does not know it yet
            self.repository.fetch()
        if self.repository.contains(target, head or pull.head):
            merged = self._merged(pull, head or pull.head).commit
            return replace(pull, head=merged, state="merged", merge=merged)
        if head is None:
            return self.rows.save_pull(replace(pull, state="closed"))
        return pull if head == pull.head else self.rows.save_pull(replace(pull, head=head))
