"""Rulesets at the fake hold on every way in, for all but those whom they let past; and they are told as GitHub tells them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.github.caller import Caller
from tests.github.conftest import SHOP
from tests.github.server import FakeGitHub

Who = Callable[[str], Caller]
RULES: dict[str, tuple[dict[str, Any], str, str]] = {
    "reviews": ({"reviews": 1}, "Changes must be made through a pull request.", "At least 1 approving review is required"),
    "a check": ({"required_checks": ["ci"]}, 'Required status check "ci" is expected.', 'Required status check "ci" is expected.'),
}


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize(
    ("bypass", "direct", "merged"), [("never", 422, 405), ("pull_requests_only", 422, 200), ("always", 200, 200), ("exempt", 200, 200)]
)
def test_a_ruleset_lets_past_whom_it_names(
    server: FakeGitHub, who: Who, pull: int, tmp_path: Path, rule: str, bypass: str, direct: int, merged: int
) -> None:
    rules, pushing, merging = RULES[rule]
    base, head = server.repos[SHOP].head("main"), server.repos[SHOP].head("fix")
    number = server.ruleset(SHOP, "main", {"tom": bypass}, **rules)

    status, said = who("tom").asks("PUT", f"/pulls/{pull}/merge", {"sha": head, "merge_method": "squash"})
    assert status == merged
    if merged == 405:
        assert said["message"].startswith(f"Repository rule violations found\n\n{merging}")
    server.repos[SHOP].git("update-ref", "refs/heads/main", base or "")
    status, said = who("tom").asks("PATCH", "/git/refs/heads/main", {"sha": head})
    assert status == direct
    if direct == 422:
        assert said["message"].startswith(f"Repository rule violations found\n\n{pushing}")
        clone = who("tom").clone(tmp_path / "clone")
        who("tom").committed(clone, "tag: 3\n")
        assert f"- {pushing}" in who("tom").git(clone, "push", "origin", "HEAD:main").stderr
    assert who("tom").asks("GET", f"/rulesets/{number}")[1]["current_user_can_bypass"] == bypass
    assert who("sue").asks("GET", f"/rulesets/{number}")[1]["current_user_can_bypass"] == "never"


def test_a_ruleset_binds_administrators_too(server: FakeGitHub, who: Who, pull: int) -> None:
    server.ruleset(SHOP, "main", reviews=1)

    assert who("ada").asks("PUT", f"/pulls/{pull}/merge")[0] == 405
    server.approve(SHOP, pull, "sue")
    assert who("ada").asks("PUT", f"/pulls/{pull}/merge")[0] == 200


def test_all_that_guards_a_branch_holds_together(server: FakeGitHub, who: Who, pull: int) -> None:
    server.protect(SHOP, "main", required_checks=["ci"])
    server.ruleset(SHOP, "main", reviews=1)

    said = who("tom").asks("PUT", f"/pulls/{pull}/merge")[1]["message"]

    assert said.splitlines() == [
        'Required status check "ci" is expected.',
        "At least 1 approving review is required by reviewers with write access.",
    ]


def test_the_rules_of_a_branch_are_told_with_their_ruleset(server: FakeGitHub, who: Who) -> None:
    number = server.ruleset(SHOP, "main", {"eve": "always"}, required_checks=["ci"], strict=True, reviews=2, linear=True, queue=True)
    other = server.ruleset(SHOP, "main", source="Organization", locked=True)
    server.protect(SHOP, "main", reviews=3)

    found = who("eve").asks("GET", "/rules/branches/main")[1]

    of = [each["type"] for each in found if each["ruleset_id"] == number]
    assert of == ["deletion", "non_fast_forward", "required_status_checks", "pull_request", "required_linear_history", "merge_queue"]
    assert {(each["ruleset_source_type"], each["ruleset_source"]) for each in found if each["ruleset_id"] == other} == {
        ("Organization", "acme")
    }
    assert who("eve").asks("GET", "/rules/branches/fix") == (200, [])
    assert who("eve").asks("GET", "/rulesets/1")[0] == 404


def test_classic_protection_is_told_to_administrators(server: FakeGitHub, who: Who) -> None:
    server.protect(SHOP, "main", required_checks=["ci"], reviews=1, restricted=["sue"], linear=True, dismiss_stale=True, locked=True)

    assert [who(login).asks("GET", "/branches/main/protection")[0] for login in ("eve", "tom", "ada")] == [404, 404, 200]
    assert who("ada").asks("GET", "/branches/fix/protection")[0] == 404
    assert who("eve").asks("GET", "/branches/main")[1]["protection"]["required_status_checks"]["contexts"] == ["ci"]
