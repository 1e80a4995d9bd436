"""Pull requests by their branch: found before they are opened, edited only where they differ, closed with the reason."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from bot.adapters.forges.github.answers import Denied
from bot.adapters.forges.github.client import Client
from bot.adapters.forges.github.comments import Comments, capped
from bot.adapters.forges.github.commits import Commits
from bot.changes.change import Change, PullRequest
from bot.errors import Refused, Unavailable
from bot.refs import Sha

_TITLE = 256


class Pulls:
    def __init__(self, client: Client, commits: Commits, comments: Comments) -> None:
        self._client, self._commits, self._comments = client, commits, comments
        self._opened: dict[str, int] = {}
        """What we have opened ourselves, by branch: lists may lag behind."""

    def find(self, branch: str) -> PullRequest | None:
        found = self.raw(branch)
        if found is not None and found["merged_at"] and not found.get("merge_commit_sha"):
            found = self.one(found["number"])
        return None if found is None else pull_of(found)

    def raw(self, branch: str, state: str = "all") -> Any:
        """The newest pull request of our branch as GitHub tells it, None where there is none."""
        found = self._client.get(self._client.at("/pulls"), head=f"{self._client.owner}:{branch}", state=state, per_page=100)
        ours = [each for each in found if each["head"]["ref"] == branch and state in ("all", each["state"])]
        newest = max(ours, key=lambda each: int(each["number"]), default=None)
        known = self._opened.get(branch, 0)
        if state == "all" and known > (int(newest["number"]) if newest else 0):
            return self.one(known)
        return newest

    def one(self, number: int) -> Any:
        return self._client.get(self._client.at(f"/pulls/{number}"), sure=True)

    def open(self, change: Change) -> PullRequest:
        """Open it, or answer the one that is open already, with the change's title and text."""
        head = self._commits.head(change.branch)
        if head is None:
            raise Refused(f"branch {change.branch} is not at GitHub: commit the change before opening its pull request")
        with self._client.writing:
            found = self.raw(change.branch)
            if found is not None and found["merged_at"] and found["head"]["sha"] == head:
                return pull_of(found)
            there = found is not None and found["state"] == "open"
            found = self._edited(found, change) if there else self._made(change)
            self._opened[change.branch] = int(found["number"])
            self._label(found, change)
            self._ask(found, change)
        return pull_of(found, head)

    def _made(self, change: Change) -> Any:
        title, body = _title(change.title), capped(_marked(change))
        asked = {"title": title, "head": change.branch, "base": change.target, "body": body, "maintainer_can_modify": True}

        def make() -> Any:
            try:
                return self._client.send("POST", self._client.at("/pulls"), asked)
            except Denied as error:
                if error.status == 422 and "already exists" in error.said.lower() and (there := look()) is not None:
                    return there
                raise

        def look() -> Any:
            return self.raw(change.branch, "open")

        return self._client.settled(make, look)

    def _edited(self, found: Any, change: Change) -> Any:
        """Say it as the change does now; a text from which a person took our marker is theirs."""
        body, said = capped(_marked(change)), (found.get("body") or "").replace("\r\n", "\n")
        if change.marker not in said or (found["title"], said.strip()) == (_title(change.title), body.strip()):
            return found
        path = self._client.at(f"/pulls/{found['number']}")

        def edit() -> Any:
            return self._client.send("PATCH", path, {"title": _title(change.title), "body": body})

        def look() -> Any:
            there = self._client.get(path)
            return there if (there.get("body") or "").replace("\r\n", "\n").strip() == body.strip() else None

        return self._client.settled(edit, look)

    def _label(self, found: Any, change: Change) -> None:
        """Best effort: a pull request without its labels is still one."""
        missing = [label for label in change.labels if label not in {each["name"] for each in found.get("labels", ())}]
        if not missing:
            return
        path = self._client.at(f"/issues/{found['number']}/labels")

        def look() -> bool | None:
            return True if set(missing) <= {each["name"] for each in self._client.get(path)} else None

        with suppress(Refused, Unavailable):
            self._client.settled(lambda: bool(self._client.send("POST", path, {"labels": missing})) or True, look)

    def _ask(self, found: Any, change: Change) -> None:
        """Ask people and teams to look: best effort, one by one where GitHub does not take them together."""
        asked = {each["login"].lower() for each in found.get("requested_reviewers") or ()}
        asked |= {f"{self._client.owner}/{each['slug']}".lower() for each in found.get("requested_teams") or ()}
        wanted = [name for name in change.reviewers if name.lower() not in asked]
        if not wanted:
            return
        with suppress(Refused, Unavailable):
            try:
                self._asked(found["number"], wanted)
            except Denied:
                for name in wanted if len(wanted) > 1 else ():
                    with suppress(Denied):  # the author himself, or nobody's collaborator
                        self._asked(found["number"], [name])

    def _asked(self, number: int, names: Sequence[str]) -> None:
        path = self._client.at(f"/pulls/{number}/requested_reviewers")
        body: dict[str, list[str]] = {"reviewers": [name for name in names if "/" not in name]}
        if teams := [name.partition("/")[2] for name in names if "/" in name]:
            body["team_reviewers"] = teams
        self._client.settled(lambda: self._client.send("POST", path, body), lambda: None)  # asked twice is asked once

    def close(self, pull: PullRequest, why: str, disarm: Callable[[Any], None]) -> None:
        """Say why, close it and take its branch away; what was merged stays merged."""
        with self._client.writing:
            found = self.one(pull.number)
            if found["merged_at"]:
                return
            if found["state"] == "open":
                disarm(found)
                with suppress(Denied):  # a locked conversation is still closed
                    self._comments.keep(self._client.repository, pull.number, "closed", why)
                self._shut(pull.number)
            if self._commits.head(pull.branch) in (pull.head, found["head"]["sha"]):
                self._commits.delete(pull.branch)

    def _shut(self, number: int) -> None:
        path = self._client.at(f"/pulls/{number}")

        def look() -> bool | None:
            return True if self._client.get(path)["state"] == "closed" else None

        self._client.settled(lambda: bool(self._client.send("PATCH", path, {"state": "closed"})), look)


def pull_of(found: Any, head: Sha | None = None) -> PullRequest:
    """What GitHub tells of a pull request, in our words. `head`: the branch's commit where it is known better."""
    merged = bool(found.get("merged_at"))
    state = "merged" if merged else str(found["state"])
    merge = Sha(found["merge_commit_sha"]) if merged and found.get("merge_commit_sha") else None
    at = head if head is not None and state == "open" else Sha(found["head"]["sha"])
    return PullRequest(int(found["number"]), found["head"]["ref"], found["base"]["ref"], at, state, merge, found.get("html_url"))


def _marked(change: Change) -> str:
    return change.body if change.marker in change.body else f"{change.marker}\n{change.body}"


def _title(title: str) -> str:
    return title if len(title) <= _TITLE else title[: _TITLE - 1] + "…"
