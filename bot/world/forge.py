"""A forge that fails as told, around a real one: out for a while, or its target moved just as we merge."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from bot.changes.change import Change, Mark, MergeAnswer, PullRequest
from bot.errors import Refused, Unavailable
from bot.ports import Forge
from bot.refs import Instant, Sha


class MoodyForge:
    """`down` makes every call Unavailable; `before_merge` happens once, right before the next merge reaches the forge, `after_open` right
    after the next pull request is opened."""

    def __init__(self, forge: Forge) -> None:
        self.forge = forge
        self.down = False
        self.before_merge: Callable[[], object] | None = None
        self.after_open: Callable[[], object] | None = None
        self.marks: dict[tuple[Sha, str], Mark] = {}
        """Commit statuses as a forge that has them would show them."""
        self.opened: dict[str, Change] = {}
        """What each branch's pull request was opened with."""
        self.comments: list[tuple[int, str, str]] = []
        """Every writing of a comment, oldest first: pull request, key, text."""
        self.people: dict[str, PullRequest] = {}
        """Somebody's open pull request by a path that it touches."""
        self.refuses: str | None = None
        """Why it takes no comments and no statuses."""

    @property
    def guarded(self) -> bool:
        return self.forge.guarded

    def find(self, branch: str) -> PullRequest | None:
        return self._up().find(branch)

    def commit(self, change: Change) -> Sha:
        return self._up().commit(change)

    def open(self, change: Change) -> PullRequest:
        pull = self._up().open(change)
        self.opened.setdefault(change.branch, change)
        if self.after_open is not None:
            happening, self.after_open = self.after_open, None
            happening()
        return pull

    def merge(self, pull: PullRequest, head: Sha) -> MergeAnswer:
        forge = self._up()
        if self.before_merge is not None:
            happening, self.before_merge = self.before_merge, None
            happening()
        return forge.merge(pull, head)

    def disarm(self, pull: PullRequest) -> None:
        self._up().disarm(pull)

    def close(self, pull: PullRequest, why: str) -> None:
        self._up().close(pull, why)

    def comment(self, number: int, key: str, text: str) -> None:
        self._talking().comment(number, key, text)
        self.comments.append((number, key, text))

    def touching(self, paths: Iterable[str], since: Instant) -> Sequence[PullRequest]:
        self._up()
        return [pull for path, pull in self.people.items() if path in set(paths)]

    def mark(self, commit: Sha, mark: Mark) -> None:
        self._talking().mark(commit, mark)
        self.marks[commit, mark.context] = mark

    def _talking(self) -> Forge:
        if self.refuses:
            raise Refused(self.refuses)
        return self._up()

    def _up(self) -> Forge:
        if self.down:
            raise Unavailable("the forge does not answer")
        return self.forge
