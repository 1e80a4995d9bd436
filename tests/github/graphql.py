"""The few GraphQL documents that Rollbot sends, told apart by the name of what they ask for."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Any

from graphql import FieldNode, InlineFragmentNode, OperationDefinitionNode, SelectionSetNode, parse

from tests.github import guards, merges, rights
from tests.github.state import Answer, Item, Repo

if TYPE_CHECKING:
    from tests.github.server import FakeGitHub


def answer(hub: FakeGitHub, me: str, document: str, variables: dict[str, Any]) -> Any:
    """What a document asks for, and no field more."""
    found = [each for each in parse(document).definitions if isinstance(each, OperationDefinitionNode)]
    return _asked(_known(hub, me, document, variables), found[0].selection_set)


def _asked(value: Any, fields: SelectionSetNode | None) -> Any:
    if fields is None or value is None:
        return value
    if isinstance(value, list):
        return [_asked(item, fields) for item in value]
    found: dict[str, Any] = {}
    for each in fields.selections:
        if isinstance(each, FieldNode):
            found[each.name.value] = _asked(value.get(each.name.value), each.selection_set)
        elif isinstance(each, InlineFragmentNode):
            found |= _asked(value, each.selection_set)
    return found


def _known(hub: FakeGitHub, me: str, document: str, variables: dict[str, Any]) -> dict[str, Any]:
    name = operation(document)
    if name == "viewer":
        return {"viewer": {"login": me, "databaseId": hub.account(me)["id"]}}
    if name == "node":
        _, item = _pull(hub, me, variables["id"], "")
        return {"node": {"mergeQueueEntry": {"position": 1, "state": "QUEUED"} if item.queued else None}}
    asked = variables["input"]
    if name == "createCommitOnBranch":
        return {name: {"commit": {"oid": _commit(hub, me, asked)}}}
    repo, item = _pull(hub, me, asked.get("pullRequestId") or asked["id"], name)
    merges.settle(repo)
    _MUTATIONS[name](repo, item, asked)
    return {name: {"pullRequest": {"number": item.number}, "mergeQueueEntry": {"position": 1, "state": "QUEUED", "id": "E"}}}


def operation(document: str) -> str:
    """The first field that a document asks for."""
    found = re.search(r"\{\s*(\w+)", document)
    return found[1] if found else ""


def _pull(hub: FakeGitHub, me: str, node: str, mutation: str) -> tuple[Repo, Item]:
    """`mutation`: what is to be done to it, empty where it is only read."""
    found = re.fullmatch(r"PR (\S+) (\d+)", node)
    repo = hub.repos.get(found[1]) if found else None
    item = repo.items.get(int(found[2])) if repo and found else None
    if repo is None or item is None or not rights.may(repo, me, "read"):
        raise Answer(404, f"Could not resolve to a node with the global id of '{node}'", kind="NOT_FOUND")
    if mutation:
        rights.mutation(hub, me, repo, mutation)
    return repo, item


def _commit(hub: FakeGitHub, me: str, asked: dict[str, Any]) -> str:
    name, branch = asked["branch"]["repositoryNameWithOwner"], asked["branch"]["branchName"]
    repo = hub.repos.get(name)
    if repo is None or not rights.may(repo, me, "read"):
        raise Answer(404, f"Could not resolve to a Repository with the name '{name}'.", kind="NOT_FOUND")
    rights.mutation(hub, me, repo, "createCommitOnBranch")
    head = repo.head(branch)
    if head is None:
        raise Answer(404, f"A ref named {branch!r} does not exist in the repository", kind="NOT_FOUND")
    if head != asked["expectedHeadOid"]:
        message = f'Expected branch to point to "{head}" but it did not.  Pull and try again.'
        raise Answer(422, message, kind="STALE_DATA")
    changes = asked.get("fileChanges") or {}
    files: dict[str, bytes | None] = {each["path"]: base64.b64decode(each["contents"]) for each in changes.get("additions") or ()}
    files |= {each["path"]: None for each in changes.get("deletions") or ()}
    if any("refuse me" in path for path in files):
        raise Answer(422, "A path was requested for addition that GraphQL does not take")
    if why := guards.push(repo, branch, me, ""):
        raise Answer(422, f"protected branch '{branch}' check failed:\n{guards.said(repo, branch, why)}")
    said = asked["message"]
    message = f"{said['headline']}\n\n{said['body']}" if said.get("body") else said["headline"]
    return repo.write(branch, head, files, message, (f"{me} <{me}@users.noreply.github.com>", "GitHub <noreply@github.com>"))


def _arm(repo: Repo, item: Item, asked: dict[str, Any]) -> None:
    if asked.get("expectedHeadOid", item.sha) != item.sha:
        raise Answer(422, f"Expected head oid to be {item.sha}", kind="STALE_DATA")
    if not repo.auto_merge:
        raise Answer(422, "Auto merge is not allowed for this repository")
    if not guards.holding(repo, item.base):
        raise Answer(422, "Protected branch rules not configured for this branch")
    if (state := guards.state(repo, item)) in ("clean", "unstable"):
        raise Answer(422, f"Pull request Pull request is in {state} status")
    item.auto_merge = {
        "method": str(asked.get("mergeMethod") or "MERGE").lower(),
        "headline": asked.get("commitHeadline"),
        "body": asked.get("commitBody"),
    }


def _disarm(repo: Repo, item: Item, asked: dict[str, Any]) -> None:
    if item.auto_merge is None:
        raise Answer(422, "Can't disable auto-merge for this pull request.")
    item.auto_merge = None


def _enqueue(repo: Repo, item: Item, asked: dict[str, Any]) -> None:
    if item.queued:
        raise Answer(422, "Pull request is already in the queue")
    if lacking := guards.lacking(repo, item):
        raise Answer(422, f"Pull request {lacking[0]}")
    if asked.get("expectedHeadOid", item.sha) != item.sha:
        raise Answer(422, "Head sha didn't match expected head oid")
    item.queued = True


def _dequeue(repo: Repo, item: Item, asked: dict[str, Any]) -> None:
    item.queued = False


_MUTATIONS = {
    "enablePullRequestAutoMerge": _arm,
    "disablePullRequestAutoMerge": _disarm,
    "enqueuePullRequest": _enqueue,
    "dequeuePullRequest": _dequeue,
}
