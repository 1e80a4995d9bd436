"""Who may write what: the roles of people, and what Apps and tokens were given (GitHub's docs: repository roles, permissions of Apps).

A route that one may not use answers 404 where GitHub hides it (Git's objects, statuses) and 403 where it says so.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.github.state import Answer, Item, Repo

if TYPE_CHECKING:
    from tests.github.server import FakeGitHub

ROLES = ("none", "read", "triage", "write", "maintain", "admin")
_TALK = ("issues", "pull_requests")
_NEEDS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    (r"(POST|PATCH|DELETE) /git/.+", "write", ("contents",)),
    (r"POST /actions/.+", "write", ("actions",)),
    (r"POST /statuses/.+", "write", ("statuses",)),
    (r"(POST|PATCH) /pulls(/\d+)?", "read", ("pull_requests",)),  # anyone who may read may open one of branches that are there (R16)
    (r"POST /pulls/\d+/reviews", "read", ("pull_requests",)),
    (r"POST /pulls/\d+/requested_reviewers", "triage", ("pull_requests",)),
    (r"PUT /pulls/\d+/merge", "write", ("contents",)),
    (r"POST /issues/\d+/labels", "triage", _TALK),
    (r"(POST|PATCH|DELETE) /issues/.+", "read", _TALK),
)
"""A writing route → the role that it takes at least, and which permissions of an App let it (any of them)."""
_MUTATIONS: dict[str, tuple[str, ...]] = {"createCommitOnBranch": ("contents",)}
"""What a mutation takes of an App where it is not `pull_requests`; all of them take a person who may write."""


def role(repo: Repo, login: str) -> str:
    return repo.roles.get(login) or ("none" if repo.private else "read")


def may(repo: Repo, login: str, least: str) -> bool:
    return ROLES.index(role(repo, login)) >= ROLES.index(least)


def check(hub: FakeGitHub, me: str, repo: Repo, verb: str, path: str) -> None:
    """`path`: below the repository. Raises Answer where `me` may not."""
    if not may(repo, me, "read"):
        raise Answer(404, "Not Found")
    if verb == "GET":
        return
    least, permissions = next((needs for pattern, *needs in _NEEDS if re.fullmatch(pattern, f"{verb} {path}")), ("write", ("contents",)))
    granted(hub, me, permissions)
    if not may(repo, me, least):
        hidden = path.startswith(("/git/", "/statuses/"))
        raise Answer(404, "Not Found") if hidden else forbidden(least)


def mutation(hub: FakeGitHub, me: str, repo: Repo, name: str) -> None:
    """Raises Answer as GraphQL words it."""
    try:
        granted(hub, me, _MUTATIONS.get(name, ("pull_requests",)))
    except Answer as error:
        raise Answer(403, error.message, kind="FORBIDDEN") from None
    if not may(repo, me, "write"):
        raise Answer(403, f"{me} does not have the correct permissions to execute `{name[0].upper()}{name[1:]}`", kind="FORBIDDEN")


def granted(hub: FakeGitHub, me: str, permissions: tuple[str, ...]) -> None:
    """See that an App, or a token that was limited, was given one of the permissions. Raises Answer."""
    given = hub.limits.get(me)
    if given is not None and not any(given.get(name) in ("write", "admin") for name in permissions):
        who = "integration" if hub.users[me][1] == "Bot" else "personal access token"
        raise Answer(403, f"Resource not accessible by {who}")


def own_or(repo: Repo, me: str, author: str, least: str) -> None:
    """What one made oneself one may change; another's only those who may do more. Raises Answer."""
    if me != author and not may(repo, me, least):
        raise forbidden(least)


def edits(repo: Repo, me: str, item: Item, names: set[str]) -> None:
    """Opening and closing takes triage, the words of somebody else's pull request take writing. Raises Answer."""
    own_or(repo, me, item.user, "triage" if names <= {"state"} else "write")


def git(hub: FakeGitHub, me: str, repo: Repo | None, writes: bool) -> tuple[int, str] | None:
    """How Git over HTTP is refused, None where it is not."""
    if repo is None or not may(repo, me, "read"):
        return 404, "Repository not found."
    if not writes:
        return None
    try:
        granted(hub, me, ("contents",))
        allowed = may(repo, me, "write")
    except Answer:
        allowed = False
    return None if allowed else (403, f"Permission to {repo.name}.git denied to {me}.")


def forbidden(least: str) -> Answer:
    return Answer(403, "Must have admin rights to Repository." if least != "write" else "Must have push access to the repository.")
