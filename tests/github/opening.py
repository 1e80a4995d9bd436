"""Which pull requests there can be: between branches that are there and differ, one for each two, and never again once merged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.github import guards
from tests.github.state import Answer, Item, Repo


def sides(repo: Repo, head: str, base: str) -> tuple[str, str]:
    """The branches of a new pull request; `head` may be `owner:branch`. Raises Answer."""
    owner, _, branch = head.rpartition(":")
    branch = branch if owner in ("", repo.name.partition("/")[0]) else ""
    for name, found in (("head", branch), ("base", base)):
        if not found or repo.head(found) is None:
            raise _invalid({"field": name, "code": "invalid"})
    _only(repo, branch, base)
    if guards.forward(repo, repo.head(branch) or "", repo.head(base) or ""):
        raise _invalid({"code": "custom", "message": f"No commits between {base} and {branch}"})
    return branch, base


def may_become(repo: Repo, item: Item, said: Mapping[str, Any]) -> None:
    """What is edited. Raises Answer."""
    state, base = said.get("state"), said.get("base")
    if state not in (None, "open", "closed"):
        raise _invalid({"field": "state", "code": "invalid"})
    if state == "open" and item.state == "closed":
        _reopened(repo, item)
    if base is not None and base != item.base:
        if item.state == "closed":
            raise _invalid({"field": "base", "code": "invalid", "message": "Cannot change the base branch of a closed pull request."})
        sides(repo, item.head, base)


def _reopened(repo: Repo, item: Item) -> None:
    why = None
    if item.merged:
        why = "The pull request cannot be reopened."
    elif repo.head(item.head) is None:
        why = f"The {item.head} branch has been deleted."
    elif repo.head(item.head) != item.sha and not guards.forward(repo, item.sha, repo.head(item.head) or ""):
        why = f"The {item.head} branch was force-pushed or recreated."
    if why is not None:
        raise _invalid({"code": "custom", "field": "state", "message": f"state cannot be changed. {why}"})
    _only(repo, item.head, item.base)


def _only(repo: Repo, head: str, base: str) -> None:
    if any(each.state == "open" and (each.head, each.base) == (head, base) for each in repo.items.values()):
        raise _invalid({"code": "custom", "message": f"A pull request already exists for {repo.name.partition('/')[0]}:{head}."})


def _invalid(error: dict[str, str]) -> Answer:
    return Answer(422, "Validation Failed", [{"resource": "PullRequest", **error}])
