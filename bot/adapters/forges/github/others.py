"""People's own open pull requests: who is fixing the same files just now."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from bot.adapters.forges.github.answers import Denied
from bot.adapters.forges.github.client import Client
from bot.adapters.forges.github.pulls import pull_of
from bot.changes.change import PullRequest
from bot.refs import Instant

_NEWEST = 50
_BRANCH = "rollbot/"


class Others:
    def __init__(self, client: Client) -> None:
        self._client = client

    def touching(self, paths: Iterable[str], since: Instant) -> Sequence[PullRequest]:
        """See Forge.touching."""
        wanted = set(paths)
        listed = self._client.get(self._client.at("/pulls"), state="open", sort="updated", direction="desc", per_page=_NEWEST)
        recent = [each for each in listed if _time(each["updated_at"]) >= since and self._by_person(each)]
        return tuple(pull_of(each) for each in recent if self._touches(each, wanted) and self._pushed(each, since))

    def _by_person(self, pull: Any) -> bool:
        user = pull.get("user") or {}
        mine = pull["head"]["ref"].startswith(_BRANCH) and (pull["head"].get("repo") or {}).get("full_name") == self._client.repository
        return user.get("type") == "User" and not mine

    def _touches(self, pull: Any, wanted: set[str]) -> bool:
        for each in self._client.each(self._client.at(f"/pulls/{pull['number']}/files")):
            if each["filename"] in wanted or each.get("previous_filename") in wanted:
                return True
        return False

    def _pushed(self, pull: Any, since: Instant) -> bool:
        """Whether it is the change that is new, and not only what is said of it."""
        if _time(pull["created_at"]) >= since:
            return True
        try:
            commit = self._client.get(self._client.at(f"/git/commits/{pull['head']['sha']}"))
        except Denied:
            return True  # where it cannot be told, a person is asked rather than overtaken
        return _time(commit["committer"]["date"]) >= since


def _time(stamp: Any) -> float:
    return datetime.fromisoformat(str(stamp)).timestamp()
