"""People talking to us on issues and pull requests: who they are, what they mean, what we answer (port Conversation)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from bot.adapters.forges.github.answers import Denied
from bot.adapters.forges.github.client import Client, quoted
from bot.adapters.forges.github.comments import Comments
from bot.errors import Refused, Unavailable
from bot.refs import Instant
from bot.signals.signal import Command, Discussion, Reaction, Role, Thread

WORD = "/rollback"
_LOGIN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,99})(?:\[bot\])?")
_SLUG = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
_REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,38}/[A-Za-z0-9._-]{1,100}")
_ROLES = {
    "none": Role.NONE,
    "read": Role.READ,
    "triage": Role.TRIAGE,
    "write": Role.WRITE,
    "maintain": Role.MAINTAIN,
    "admin": Role.ADMIN,
}
_LONGEST = 70_000
_LOOKS = (0.0, 0.3, 1.0)
"""Seconds before each look for what must be there."""
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class GitHubConversation:
    def __init__(self, client: Client, comments: Comments) -> None:
        self._client, self._comments = client, comments
        self._seen: dict[str, int] = {}
        """Our 👀 by where it stands: lists may lag behind."""
        self._clear: set[str] = set()
        """Where we have taken it away."""

    def role(self, login: str) -> Role:
        """By `role_name`; a role that the organisation made itself counts as the base role that GitHub says with it."""
        if not _LOGIN.fullmatch(login):
            return Role.NONE
        try:
            found = self._client.get(self._client.at(f"/collaborators/{quoted(login)}/permission"))
        except Denied as error:
            if error.status == 404:
                return Role.NONE
            raise Unavailable(f"what {login} may do cannot be told: {error}") from error
        name = str(found.get("role_name") or "")
        return _ROLES.get(name, _ROLES.get(str(found.get("permission")), Role.NONE))

    def member(self, login: str, team: str) -> bool:
        if not _LOGIN.fullmatch(login) or not _SLUG.fullmatch(team):
            return False
        path = f"/orgs/{quoted(self._client.owner)}/teams/{quoted(team)}"
        try:
            found = self._client.maybe(f"{path}/memberships/{quoted(login)}")
            if found is None and self._client.maybe(path) is None:
                raise Unavailable(f"team {team} of {self._client.owner} is not there, or the App lacks members: read")
        except Denied as error:
            raise Unavailable(f"whether {login} is in team {team} cannot be told: {error}") from error
        return found is not None and found.get("state") == "active"

    def ours(self, actor_id: int) -> bool:
        """By number: a login may be given up and taken by somebody else."""
        return actor_id == self._client.identity().number

    def discussion(self, thread: Thread) -> Discussion:
        repository = _checked(thread.repository)
        issue = self._client.get(f"/repos/{repository}/issues/{thread.number}")
        labels = tuple(str(label["name"] if isinstance(label, dict) else label) for label in issue.get("labels", ()))
        title, author = str(issue["title"]), str((issue.get("user") or {}).get("login") or "ghost")
        if "pull_request" not in issue:
            return Discussion(title, False, str(issue["state"]), author, labels)
        pull = self._client.get(f"/repos/{repository}/pulls/{thread.number}")
        merged = bool(pull.get("merged_at"))
        head = pull["head"]
        return Discussion(
            title,
            True,
            "merged" if merged else str(pull["state"]),
            author,
            labels,
            branch=head["ref"],
            target=pull["base"]["ref"],
            head=head["sha"],
            merge=pull.get("merge_commit_sha") if merged else None,
            fork=((head.get("repo") or {}).get("full_name") or "").lower() != repository.lower(),
        )

    def react(self, thread: Thread, comment: int, reaction: Reaction) -> None:
        path = f"/repos/{_checked(thread.repository)}/issues/comments/{comment}/reactions"
        with suppress(Refused, Unavailable), self._client.writing:
            # The same reaction a second time answers the first one, so it may be repeated.
            made = self._client.settled(lambda: self._client.send("POST", path, {"content": reaction.value}), lambda: None)
            if reaction is Reaction.SEEN:
                self._seen[path] = int(made["id"])
            else:
                self._unseen(path)

    def _unseen(self, path: str) -> None:
        known = self._seen.pop(path, None)
        if known is None and path in self._clear:
            return
        for number in self._eyes(path) if known is None else [known]:
            self._gone(f"{path}/{number}")
        self._clear.add(path)

    def _eyes(self, path: str) -> list[int]:
        """Our 👀 that an earlier run of ours left there. A list that has none may only lag behind."""
        me = self._client.identity().number
        for pause in _LOOKS:
            self._client.timing.sleep(pause)
            found = self._client.each(path, content=Reaction.SEEN.value)
            eyes = [
                int(each["id"]) for each in found if each["content"] == Reaction.SEEN.value and (each.get("user") or {}).get("id") == me
            ]
            if eyes:
                return eyes
        return []

    def _gone(self, path: str) -> None:
        def take() -> bool:
            try:
                self._client.send("DELETE", path)
            except Denied as error:
                if error.status != 404:
                    raise
            return True

        self._client.settled(take, lambda: None)

    def reply(self, thread: Thread, key: str, text: str) -> None:
        self._comments.keep(_checked(thread.repository), thread.number, key, text)

    def commands(self, since: Instant) -> Sequence[Command]:
        """New comments only: one that was edited afterwards is none (its words may be somebody else's)."""
        stamp = datetime.fromtimestamp(since, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        path = self._client.at("/issues/comments")
        found = self._client.each(path, spare=True, since=stamp, sort="created", direction="asc")
        return tuple(self._command(each) for each in found if _begins(each) and _time(each["created_at"]) >= int(since))

    def _command(self, comment: Any) -> Command:
        user, number = comment["user"], int(str(comment["issue_url"]).rpartition("/")[2])
        text = _CONTROL.sub("\ufffd", str(comment["body"])[:_LONGEST])
        thread = Thread(self._client.repository, number)
        key = f"github:{self._client.repository.lower()}:{comment['id']}"  # as its webhook calls it
        at = _time(comment["created_at"])
        return Command(key, at, str(user["login"]), int(user["id"]), thread, int(comment["id"]), text, comment.get("html_url"))


def _begins(comment: Any) -> bool:
    """Whether a person's unedited comment begins with the word."""
    user, body = comment.get("user") or {}, (comment.get("body") or "").lstrip(" \t\r\n`")
    word = body[: len(WORD)].lower() == WORD and not body[len(WORD) : len(WORD) + 1].strip("`").strip()
    person = user.get("type") == "User" and not comment.get("performed_via_github_app")
    return bool(person and word and comment.get("updated_at", comment["created_at"]) == comment["created_at"])


def _checked(repository: str) -> str:
    if not _REPOSITORY.fullmatch(repository) or repository.endswith(("/.", "/..")):
        raise Refused(f"{repository[:100]!r} is no repository at GitHub")
    return repository


def _time(stamp: Any) -> float:
    return datetime.fromisoformat(str(stamp)).timestamp()
