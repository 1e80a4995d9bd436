"""Pull requests at the fake go as GitHub's do: what can be merged is worked out later, what is over stays over."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.github.caller import Caller
from tests.github.conftest import SHOP
from tests.github.server import FakeGitHub

Who = Callable[[str], Caller]


def known(who: Who, number: int) -> tuple[bool | None, str]:
    said = who("tom").asks("GET", f"/pulls/{number}")[1]
    return said["mergeable"], said["mergeable_state"]


def test_whether_it_can_be_merged_is_told_by_a_later_read(server: FakeGitHub, who: Who, pull: int) -> None:
    assert [known(who, pull) for _ in range(3)] == [(None, "unknown"), (True, "clean"), (True, "clean")]

    server.push(SHOP, "main", {"other.txt": "x"}, "ada")
    assert [known(who, pull) for _ in range(2)] == [(None, "unknown"), (True, "clean")]
    server.push(SHOP, "main", {"app.yaml": "tag: 3\n"}, "ada")
    assert [known(who, pull) for _ in range(2)] == [(None, "unknown"), (False, "dirty")]
    server.push(SHOP, "fix", {"app.yaml": "tag: 3\n"}, "ada")
    assert known(who, pull) == (None, "unknown")


def test_a_merge_does_not_wait_for_what_no_read_knows_yet(server: FakeGitHub, who: Who, pull: int) -> None:
    server.repos[SHOP].slow = 50

    assert known(who, pull) == (None, "unknown")
    assert who("tom").asks("PUT", f"/pulls/{pull}/merge")[0] == 200
    assert known(who, pull) == (None, "unknown")


def test_a_change_makes_it_unknown_again_in_its_own_answer(server: FakeGitHub, who: Who) -> None:
    server.push(SHOP, "fix", {"app.yaml": "tag: 1\n"}, "tom", since="main")

    status, made = who("tom").asks("POST", "/pulls", {"title": "x", "head": "fix", "base": "main"})

    assert (status, made["mergeable"], made["mergeable_state"]) == (201, None, "unknown")
    assert known(who, made["number"]) == (True, "clean")


@pytest.mark.parametrize(("conclusion", "state"), [("failure", "unstable"), (None, "unstable"), ("success", "clean"), ("skipped", "clean")])
def test_what_is_not_required_leaves_it_unstable(server: FakeGitHub, who: Who, pull: int, conclusion: Any, state: str) -> None:
    server.check(SHOP, server.repos[SHOP].head("fix") or "", "lint", conclusion)
    known(who, pull)

    assert known(who, pull) == (True, state)
    assert who("tom").asks("PUT", f"/pulls/{pull}/merge")[0] == 200


# Opening and reopening


def opened(who: Who, head: str = "fix", base: str = "main", **other: Any) -> tuple[int, str]:
    status, said = who("tom").asks("POST", "/pulls", {"title": "x", "head": head, "base": base} | other)
    error = said.get("errors", [{}])[0]
    return status, error.get("message") or f"{error.get('field')} {error.get('code')}"


def test_one_pull_request_for_two_branches(server: FakeGitHub, who: Who, pull: int) -> None:
    server.push(SHOP, "prod", {"app.yaml": "tag: 0\n"}, "ada", since="main")

    assert opened(who) == opened(who, "acme:fix") == (422, "A pull request already exists for acme:fix.")
    assert opened(who, base="prod")[0] == 201


@pytest.mark.parametrize(
    ("head", "base", "why"),
    [
        ("none", "main", "head invalid"),
        ("stranger:fix", "main", "head invalid"),
        ("fix", "none", "base invalid"),
        ("old", "main", "No commits between main and old"),
        ("main", "main", "No commits between main and main"),
    ],
)
def test_there_is_none_without_two_branches_that_differ(server: FakeGitHub, who: Who, head: str, base: str, why: str) -> None:
    repo = server.repos[SHOP]
    server.push(SHOP, "fix", {"app.yaml": "tag: 1\n"}, "tom", since="main")
    repo.git("branch", "old", "main")
    server.push(SHOP, "main", {"app.yaml": "tag: 3\n"}, "ada")

    assert opened(who, head, base) == (422, why) and server.pulls(SHOP) == []


def reopened(who: Who, number: int) -> tuple[int, str]:
    status, said = who("tom").asks("PATCH", f"/pulls/{number}", {"state": "open"})
    return status, "" if status == 200 else said["errors"][0]["message"]


def test_what_is_merged_is_never_open_again(server: FakeGitHub, who: Who, pull: int) -> None:
    assert who("tom").asks("PUT", f"/pulls/{pull}/merge")[0] == 200

    assert reopened(who, pull) == (422, "state cannot be changed. The pull request cannot be reopened.")
    assert server.pull(SHOP, pull).state == "closed" and who("tom").asks("PUT", f"/pulls/{pull}/merge")[0] == 405


def test_what_is_closed_is_open_again_while_its_branch_is_there(server: FakeGitHub, who: Who, pull: int) -> None:
    for _ in range(2):
        assert who("tom").asks("PATCH", f"/pulls/{pull}", {"state": "closed"})[0] == 200
        assert reopened(who, pull) == (200, "")

    who("tom").asks("PATCH", f"/pulls/{pull}", {"state": "closed"})
    assert opened(who)[0] == 201
    assert reopened(who, pull) == (422, "A pull request already exists for acme:fix.")
    assert who("tom").asks("DELETE", "/git/refs/heads/fix")[0] == 204
    assert reopened(who, pull) == (422, "state cannot be changed. The fix branch has been deleted.")
    server.push(SHOP, "fix", {"app.yaml": "tag: 7\n"}, "tom", since="main")
    assert reopened(who, pull) == (422, "state cannot be changed. The fix branch was force-pushed or recreated.")


def test_a_draft_is_not_merged(server: FakeGitHub, who: Who) -> None:
    server.push(SHOP, "fix", {"app.yaml": "tag: 1\n"}, "tom", since="main")
    assert opened(who, draft=True)[0] == 201
    [pull] = server.pulls(SHOP)

    assert [known(who, pull.number), known(who, pull.number)][-1] == (True, "draft")
    assert who("tom").asks("PUT", f"/pulls/{pull.number}/merge")[1]["message"] == "Pull Request is still a draft"
