"""A guarded branch at the fake is guarded on every way in: REST, GraphQL, Git, and the merge of a pull request."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.github.caller import Caller
from tests.github.conftest import SHOP
from tests.github.server import FakeGitHub

Who = Callable[[str], Caller]
REVIEWED = "Changes must be made through a pull request."
CHECKED = 'Required status check "ci" is expected.'
GUARDS: dict[str, tuple[dict[str, Any], str]] = {
    "reviews": ({"reviews": 1}, REVIEWED),
    "code owners": ({"code_owners": True}, REVIEWED),
    "a check": ({"required_checks": ["ci"]}, CHECKED),
    "two checks": ({"required_checks": ["ci", "lint"]}, "2 of 2 required status checks are expected."),
    "a queue": ({"queue": True}, "Changes must be made through the merge queue"),
    "a lock": ({"locked": True}, "Cannot change this locked branch"),
    "its own people": ({"restricted": ["sue"]}, "You're not authorized to push to this branch."),
}


def pushed(who: Who, login: str, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """One commit more on `main`."""
    clone = who(login).clone(folder)
    who(login).committed(clone, "tag: 3\n")
    return who(login).git(clone, "push", "--quiet", *words, "origin", "HEAD:main")


@pytest.mark.parametrize("guard", GUARDS)
def test_nothing_gets_past_a_guard(server: FakeGitHub, who: Who, pull: int, tmp_path: Path, guard: str) -> None:
    rules, why = GUARDS[guard]
    repo, base, head = server.repos[SHOP], server.repos[SHOP].head("main"), server.repos[SHOP].head("fix")
    server.protect(SHOP, "main", **rules)

    status, moved = who("tom").asks("PATCH", "/git/refs/heads/main", {"sha": head})
    [wrote] = who("tom").commits("main", base or "")["errors"]
    git = pushed(who, "tom", tmp_path / "clone")

    assert status == 422 and moved["message"].startswith(why)
    assert wrote["message"].startswith(f"protected branch 'main' check failed:\n{why}")
    assert git.returncode and "remote rejected" in git.stderr and f"- {why}" in git.stderr
    assert "GH006: Protected branch update failed for refs/heads/main" in git.stderr
    assert repo.head("main") == base


@pytest.mark.parametrize("guard", GUARDS)
def test_an_administrator_does_unless_he_is_bound_too(server: FakeGitHub, who: Who, pull: int, tmp_path: Path, guard: str) -> None:
    rules, _ = GUARDS[guard]
    base = server.repos[SHOP].head("main") or ""
    server.protect(SHOP, "main", **rules, enforce_admins=True)
    assert who("ada").commits("main", base)["data"] is None
    assert who("ada").asks("PUT", f"/pulls/{pull}/merge", {})[0] == 405 or guard == "code owners"

    server.protect(SHOP, "main", **rules)

    assert pushed(who, "ada", tmp_path / "clone").returncode == 0
    assert server.repos[SHOP].head("main") != base


def test_what_is_checked_already_may_be_pushed(server: FakeGitHub, who: Who, pull: int) -> None:
    head = server.repos[SHOP].head("fix") or ""
    server.protect(SHOP, "main", required_checks=["ci"])
    server.check(SHOP, head, "ci", "success")

    assert who("tom").asks("PATCH", "/git/refs/heads/main", {"sha": head})[0] == 200
    assert server.repos[SHOP].head("main") == head


def test_a_branch_goes_back_by_force_only(server: FakeGitHub, who: Who, pull: int, tmp_path: Path) -> None:
    base, head = server.repos[SHOP].head("main"), server.repos[SHOP].head("fix")

    status, said = who("tom").asks("PATCH", "/git/refs/heads/fix", {"sha": base})
    assert (status, said["message"]) == (422, "Update is not a fast forward") and server.repos[SHOP].head("fix") == head
    assert who("tom").asks("PATCH", "/git/refs/heads/fix", {"sha": base, "force": True})[0] == 200
    assert (
        who("tom").asks("PATCH", "/git/refs/heads/fix", {"sha": "0123456789" * 4, "force": True})[1]["message"] == "Object does not exist"
    )
    assert who("tom").asks("PATCH", "/git/refs/heads/none", {"sha": base})[1]["message"] == "Reference does not exist"


@pytest.mark.parametrize("login", ["tom", "ada"])
def test_a_guarded_branch_never_goes_back_and_never_goes(server: FakeGitHub, who: Who, tmp_path: Path, login: str) -> None:
    old = server.repos[SHOP].head("main")
    head = server.push(SHOP, "prod", {"app.yaml": "tag: 3\n"}, "tom", since="main")
    server.protect(SHOP, "prod")
    clone = who(login).clone(tmp_path / "clone")

    status, said = who(login).asks("PATCH", "/git/refs/heads/prod", {"sha": old, "force": True})
    gone, gone_said = who(login).asks("DELETE", "/git/refs/heads/prod")
    forced = who(login).git(clone, "push", "--force", "origin", f"{old}:prod")
    deleted = who(login).git(clone, "push", "origin", ":prod")

    assert (status, said["message"]) == (422, "Cannot force-push to this branch")
    assert (gone, gone_said["message"]) == (422, "Cannot delete this branch")
    assert "GH006" in forced.stderr and "Cannot force-push to this branch" in forced.stderr
    assert "GH006" in deleted.stderr and "Cannot delete this branch" in deleted.stderr
    assert server.repos[SHOP].head("prod") == head


def test_one_refused_branch_keeps_no_other_from_being_pushed(server: FakeGitHub, who: Who, tmp_path: Path) -> None:
    base = server.repos[SHOP].head("main")
    server.protect(SHOP, "main", reviews=1)
    clone = who("tom").clone(tmp_path / "clone")
    who("tom").committed(clone, "tag: 3\n")

    done = who("tom").git(clone, "push", "origin", "HEAD:main", "HEAD:free")

    assert done.returncode and server.repos[SHOP].head("main") == base and server.repos[SHOP].head("free") not in (None, base)


def test_the_name_of_a_guarded_branch_is_not_free(server: FakeGitHub, who: Who) -> None:
    server.protect(SHOP, "release", required_checks=["ci"])

    status, said = who("tom").asks("POST", "/git/refs", {"ref": "refs/heads/release", "sha": server.repos[SHOP].head("main")})

    assert (status, said["message"]) == (422, "Reference update failed")


# Merging


def merge(who: Who, login: str, number: int, **body: Any) -> tuple[int, str]:
    status, said = who(login).asks("PUT", f"/pulls/{number}/merge", body)
    return status, said["message"]


@pytest.mark.parametrize(
    ("rules", "why"),
    [
        ({"reviews": 1}, "At least 1 approving review is required by reviewers with write access."),
        ({"reviews": 2}, "At least 2 approving reviews are required by reviewers with write access."),
        ({"required_checks": ["ci"]}, CHECKED),
        ({"locked": True}, "Cannot change this locked branch"),
        ({"restricted": ["sue"]}, "You're not authorized to push to this branch."),
        ({"queue": True}, "Changes must be made through the merge queue"),
        ({"linear": True}, "This branch must not contain merge commits."),
    ],
)
def test_a_merge_waits_for_its_guards(server: FakeGitHub, who: Who, pull: int, rules: dict[str, Any], why: str) -> None:
    base = server.repos[SHOP].head("main")
    server.protect(SHOP, "main", **rules)

    status, said = merge(who, "tom", pull, merge_method="merge")

    assert status == 405 and said.startswith(why) and server.repos[SHOP].head("main") == base
    assert merge(who, "ada", pull, merge_method="merge")[0] == 200


def review(who: Who, login: str, number: int, event: str = "APPROVE") -> int:
    return who(login).asks("POST", f"/pulls/{number}/reviews", {"event": event, "body": "so"})[0]


def test_two_approvals_are_two_people_who_may_write_and_not_the_author(server: FakeGitHub, who: Who, pull: int) -> None:
    server.protect(SHOP, "main", reviews=2)

    assert [review(who, login, pull) for login in ("eve", "lin", "tom", "sue", "sue")] == [200, 200, 422, 200, 200]
    assert merge(who, "tom", pull)[0] == 405
    assert review(who, "ada", pull) == 200
    assert merge(who, "tom", pull)[0] == 200


def test_who_asks_for_changes_has_the_last_word_until_he_approves(server: FakeGitHub, who: Who, pull: int) -> None:
    server.protect(SHOP, "main", reviews=1)
    assert review(who, "sue", pull) == review(who, "ada", pull, "REQUEST_CHANGES") == 200

    assert merge(who, "tom", pull) == (405, "1 review requesting changes by reviewers with write access.")
    assert review(who, "ada", pull, "COMMENT") == 200 and merge(who, "tom", pull)[0] == 405
    assert review(who, "ada", pull) == 200 and merge(who, "tom", pull)[0] == 200


@pytest.mark.parametrize(("stale", "status"), [(True, 405), (False, 200)])
def test_a_push_dismisses_approvals_where_it_is_set_up_so(server: FakeGitHub, who: Who, pull: int, stale: bool, status: int) -> None:
    server.protect(SHOP, "main", reviews=1, dismiss_stale=stale)
    assert review(who, "sue", pull) == 200

    server.push(SHOP, "fix", {"app.yaml": "tag: 1.1\n"}, "tom")

    assert merge(who, "tom", pull)[0] == status
    assert (review(who, "sue", pull), merge(who, "tom", pull)[0]) == (200, 200) or not stale


@pytest.mark.parametrize(
    ("owners", "waits"),
    [
        ("* @sue", "sue"),
        ("* @ada\n/app.yaml @sue", "sue"),
        ("*.yaml @acme/sre @tom", "acme/sre, tom"),
        ("apps/ @sue", None),
        ("* @sue\napp.yaml", None),
        ("* @eve", "eve"),
    ],
)
def test_the_code_owners_of_what_changes_have_to_approve(server: FakeGitHub, who: Who, owners: str, waits: str | None) -> None:
    server.team("acme", "sre", ["sue"])
    server.push(SHOP, "main", {".github/CODEOWNERS": f"# who\n{owners}\n"}, "ada")
    head = server.push(SHOP, "fix", {"app.yaml": "tag: 1\n"}, "tom", since="main")
    pull = server.add(server.repos[SHOP], "Fix it", "", "tom", "fix", "main", head).number
    server.protect(SHOP, "main", reviews=1, code_owners=True)
    assert review(who, "ada", pull) == 200

    if waits is not None:
        assert merge(who, "tom", pull) == (405, f"Waiting on code owner review from {waits}.")
        assert review(who, "sue", pull) == 200
    assert merge(who, "tom", pull)[0] == (405 if waits == "eve" else 200)
