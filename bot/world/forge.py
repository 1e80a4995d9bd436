"""A forge that fails as told, around a real one: out for a while, or its target moved just as we merge."""

from __future__ import annotations

from collections.abc import Callable

from bot.changes.change import Change, MergeAnswer, PullRequest
from bot.errors import Unavailable
from bot.ports import Forge
from bot.refs import Sha


class MoodyForge:
    """`down` makes every call Unavailable; `before_merge` happens once, right before the next merge reaches the forge."""

    def __init__(self, forge: Forge) -> None:
        self.forge = forge
        self.down = False
        self.before_merge: Callable[[], object] | None = None

    @property
    def guarded(self) -> bool:
        return self.forge.guarded

    def find(self, branch: str) -> PullRequest | None:
        return self._up().find(branch)

    def commit(self, change: Change) -> Sha:
        return self._up().commit(change)

    def open(self, change: Change) -> PullRequest:
        return self._up().open(change)

    def merge(self, pull: PullRequest, head: Sha) -> MergeAnswer:
        forge = self._up()
        if self.before_merge is not None:
            happening, self.before_merge = self.before_merge, None
            happening()
        return forge.merge(pull, head)

    def close(self, pull: PullRequest, why: str) -> None:
        self._up().close(pull, why)

    def comment(self, pull: PullRequest, key: str, text: str) -> None:
        self._up().comment(pull, key, text)

    def _up(self) -> Forge:
        if self.down:
            raise Unavailable("the forge does not answer")
        return self.forge
