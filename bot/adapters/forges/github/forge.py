"""The Forge port over GitHub's API."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bot.adapters.forges.github.client import Client
from bot.adapters.forges.github.comments import Comments
from bot.adapters.forges.github.commits import Commits
from bot.adapters.forges.github.merging import Merging
from bot.adapters.forges.github.others import Others
from bot.adapters.forges.github.pulls import Pulls
from bot.adapters.forges.github.statuses import Statuses
from bot.adapters.forges.github.talk import GitHubConversation
from bot.changes.change import Change, Mark, MergeAnswer, PullRequest
from bot.ports import Repository
from bot.refs import Instant, Sha


class GitHubForge:
    """`repository` is the same one over Git: for its modes and trees, and for what the API cannot carry."""

    guarded = False  # a commit through the API is made on its own branch, wherever the target is by now

    def __init__(self, client: Client, repository: Repository) -> None:
        self.client = client
        comments = Comments(client)
        self._commits, self._comments, self._statuses = Commits(client, repository), comments, Statuses(client)
        self._others = Others(client)
        self._pulls = Pulls(client, self._commits, comments)
        self._merging = Merging(client, repository, self._commits, self._pulls)
        self.conversation = GitHubConversation(client, comments)

    def find(self, branch: str) -> PullRequest | None:
        return self._pulls.find(branch)

    def commit(self, change: Change) -> Sha:
        return self._commits.write(change)

    def open(self, change: Change) -> PullRequest:
        return self._pulls.open(change)

    def merge(self, pull: PullRequest, head: Sha) -> MergeAnswer:
        return self._merging.merge(pull, head)

    def disarm(self, pull: PullRequest) -> None:
        if pull.state == "open":
            self._merging.disarm(self._pulls.one(pull.number))

    def close(self, pull: PullRequest, why: str) -> None:
        self._pulls.close(pull, why, self._merging.disarm)

    def comment(self, number: int, key: str, text: str) -> None:
        self._comments.keep(self.client.repository, number, key, text)

    def touching(self, paths: Iterable[str], since: Instant) -> Sequence[PullRequest]:
        return self._others.touching(paths, since)

    def mark(self, commit: Sha, mark: Mark) -> None:
        self._statuses.keep(commit, mark)
