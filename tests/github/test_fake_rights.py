"""The fake refuses what GitHub refuses: each write × who may do it, and what is as it was where one may not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.github.caller import Caller
from tests.github.conftest import SHOP
from tests.github.server import FakeGitHub

Who = Callable[[str], Caller]
ARM = "mutation($input: EnablePullRequestAutoMergeInput!) { enablePullRequestAutoMerge(input: $input) { pullRequest { number } } }"
QUEUE = "mutation($input: EnqueuePullRequestInput!) { enqueuePullRequest(input: $input) { mergeQueueEntry { position } } }"


@pytest.fixture
def told(server: FakeGitHub, pull: int) -> dict[str, Any]:
    """What the paths and bodies of the table name: commits, a pull request of tom's, comments of tom's and of a reader's."""
    repo = server.repos[SHOP]
    ids = {login: server.say(SHOP, pull, login, "hello") for login in ("tom", "eve")}
    server.push(SHOP, "mine", {"app.yaml": "tag: 9\n"}, "eve", since="main")
    return {"head": repo.head("fix"), "base": repo.head("main"), "pull": pull, **ids}


WRITES: dict[str, tuple[str, str, Any, dict[str, int]]] = {
    "make a branch": ("POST", "/git/refs", {"ref": "refs/heads/new", "sha": "{base}"}, {"tom": 201, "lin": 404, "eve": 404, "out": 404}),
    "move a branch": ("PATCH", "/git/refs/heads/main", {"sha": "{head}"}, {"tom": 200, "lin": 404, "eve": 404, "out": 404}),
    "delete a branch": ("DELETE", "/git/refs/heads/mine", None, {"tom": 204, "lin": 404, "eve": 404, "out": 404}),
    "make a blob": ("POST", "/git/blobs", {"content": "eA==", "encoding": "base64"}, {"tom": 201, "eve": 404}),
    "make a commit": ("POST", "/git/commits", {"message": "x", "tree": "{base}^{{tree}}", "parents": ["{base}"]}, {"eve": 404}),
    "set a status": ("POST", "/statuses/{head}", {"state": "success", "context": "ci"}, {"tom": 201, "lin": 404, "eve": 404}),
    "open a pull request": ("POST", "/pulls", {"title": "x", "head": "mine", "base": "main"}, {"tom": 201, "eve": 201, "out": 404}),
    "edit a pull request": ("PATCH", "/pulls/{pull}", {"title": "x"}, {"tom": 200, "sue": 200, "lin": 403, "eve": 403}),
    "close a pull request": ("PATCH", "/pulls/{pull}", {"state": "closed"}, {"tom": 200, "lin": 200, "eve": 403, "out": 404}),
    "ask for a review": ("POST", "/pulls/{pull}/requested_reviewers", {"reviewers": ["sue"]}, {"lin": 201, "eve": 403}),
    "merge": ("PUT", "/pulls/{pull}/merge", {"sha": "{head}", "merge_method": "squash"}, {"sue": 200, "lin": 403, "eve": 403, "out": 404}),
    "label": ("POST", "/issues/{pull}/labels", {"labels": ["bug"]}, {"tom": 200, "lin": 200, "eve": 403}),
    "comment": ("POST", "/issues/{pull}/comments", {"body": "x"}, {"tom": 201, "eve": 201, "out": 404}),
    "edit one's own comment": ("PATCH", "/issues/comments/{eve}", {"body": "x"}, {"eve": 200, "bob": 403, "lin": 403, "tom": 200}),
    "delete another's comment": ("DELETE", "/issues/comments/{tom}", None, {"eve": 403, "lin": 403, "sue": 204}),
    "react": ("POST", "/issues/comments/{tom}/reactions", {"content": "eyes"}, {"eve": 201, "out": 404}),
}
CASES = [(write, login) for write, (*_, people) in WRITES.items() for login in people]


def filled(said: Any, words: dict[str, Any]) -> Any:
    if isinstance(said, str):
        return said.format(**words)
    if isinstance(said, list):
        return [filled(each, words) for each in said]
    return {name: filled(value, words) for name, value in said.items()} if isinstance(said, dict) else said


@pytest.mark.parametrize(("write", "login"), CASES)
def test_who_may_write(server: FakeGitHub, who: Who, told: dict[str, Any], write: str, login: str) -> None:
    verb, path, body, people = WRITES[write]
    before = state(server)

    status, said = who(login).asks(verb, filled(path, told), filled(body, told))

    assert status == people[login], said
    assert (state(server) == before) is (status >= 400 or write == "make a blob")


def state(server: FakeGitHub) -> Any:
    """All that a write could change."""
    repo = server.repos[SHOP]
    return repo.heads(), repr(repo.items), repr(repo.statuses)


def test_anybody_may_comment_on_what_is_public(server: FakeGitHub, who: Who, pull: int) -> None:
    server.repos[SHOP].private = False

    assert who("out").asks("POST", f"/issues/{pull}/comments", {"body": "hello"})[0] == 201
    assert who("out").asks("PUT", f"/pulls/{pull}/merge", {})[0] == 403
    assert who("out").asks("DELETE", "/git/refs/heads/fix")[0] == 404


def test_only_ones_own_reaction_can_be_taken_back(who: Who, told: dict[str, Any]) -> None:
    at = f"/issues/comments/{told['tom']}/reactions"
    _, made = who("eve").asks("POST", at, {"content": "eyes"})

    assert who("tom").asks("DELETE", f"{at}/{made['id']}")[0] == 403
    assert who("eve").asks("DELETE", f"{at}/{made['id']}")[0] == 204
    assert who("eve").asks("DELETE", f"{at}/{made['id']}")[0] == 404


@pytest.mark.parametrize("login", ["lin", "eve"])
def test_graphql_says_who_may_not(server: FakeGitHub, who: Who, pull: int, login: str) -> None:
    head = server.repos[SHOP].head("fix")
    node = who(login).asks("GET", f"/pulls/{pull}")[1]["node_id"]

    [error] = who(login).commits("fix", head)["errors"]

    assert (error["type"], error["message"]) == (
        "FORBIDDEN",
        f"{login} does not have the correct permissions to execute `CreateCommitOnBranch`",
    )
    assert server.repos[SHOP].head("fix") == head
    for document in (ARM, QUEUE):
        assert who(login).refused(document, input={"pullRequestId": node})[0] == "FORBIDDEN"


def test_graphql_does_not_find_what_one_may_not_see(server: FakeGitHub, who: Who, pull: int) -> None:
    node = who("tom").asks("GET", f"/pulls/{pull}")[1]["node_id"]

    [error] = who("out").commits("fix", "0" * 40)["errors"]

    assert error["type"] == "NOT_FOUND" and "Could not resolve to a Repository" in error["message"]
    assert who("out").refused(QUEUE, input={"pullRequestId": node})[0] == "NOT_FOUND"
    assert who("tom").refused(QUEUE, input={"pullRequestId": "PR acme/shop 99"})[0] == "NOT_FOUND"


@pytest.mark.parametrize(("login", "way"), [("tom", "pushes"), ("lin", "reads"), ("eve", "reads"), ("out", "nothing")])
def test_git_lets_in_who_may(server: FakeGitHub, who: Who, tmp_path: Path, login: str, way: str) -> None:
    base, clone = server.repos[SHOP].head("main"), who("tom").clone(tmp_path / "clone")
    who(login).committed(clone, "tag: 3\n")

    fetched = who(login).git(clone, "fetch", "--quiet", who(login).url, "main")
    pushed = who(login).git(clone, "push", "--quiet", who(login).url, "HEAD:main")

    assert (fetched.returncode == 0) is (way != "nothing") and (pushed.returncode == 0) is (way == "pushes")
    assert (server.repos[SHOP].head("main") == base) is (way != "pushes")
    if way == "reads":
        assert f"Permission to {SHOP}.git denied to {login}" in pushed.stderr and "403" in pushed.stderr
    elif way == "nothing":
        assert "Repository not found" in fetched.stderr


GIVEN = [
    ({"contents": "read", "pull_requests": "write", "issues": "write"}, (403, 201, 403, 201)),
    ({"contents": "write"}, (201, 403, 403, 403)),
    ({"contents": "write", "statuses": "write", "issues": "write", "pull_requests": "read"}, (201, 403, 201, 201)),
]


@pytest.mark.parametrize(("given", "answers"), GIVEN)
def test_an_app_may_what_it_was_given(server: FakeGitHub, who: Who, told: dict[str, Any], given: Any, answers: tuple[int, ...]) -> None:
    server.limit("sue", given)
    asked = (
        ("/git/refs", {"ref": "refs/heads/new", "sha": told["base"]}),
        ("/pulls", {"title": "x", "head": "mine", "base": "main"}),
        (f"/statuses/{told['head']}", {"state": "success", "context": "ci"}),
        (f"/issues/{told['pull']}/comments", {"body": "x"}),
    )

    found = [who("sue").asks("POST", path, body) for path, body in asked]

    assert tuple(status for status, _ in found) == answers
    assert {said["message"] for status, said in found if status == 403} == {"Resource not accessible by personal access token"}
    wrote = who("sue").commits("fix", told["head"])
    assert ("errors" not in wrote) is (given["contents"] == "write")
