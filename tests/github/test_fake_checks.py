"""A required check at the fake is satisfied by a check run or a status, by both where there are both; pending is not failing."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.github.caller import Caller
from tests.github.conftest import SHOP
from tests.github.server import FakeGitHub

Who = Callable[[str], Caller]
NONE = "none"


@pytest.mark.parametrize(
    ("run", "status", "stands"),
    [
        (NONE, NONE, "expected"),
        (None, NONE, "pending"),
        (NONE, "pending", "pending"),
        ("failure", NONE, "failing"),
        ("cancelled", NONE, "failing"),
        (NONE, "failure", "failing"),
        (NONE, "error", "failing"),
        ("success", "pending", "pending"),
        ("success", "failure", "failing"),
        (None, "failure", "failing"),
        ("failure", "success", "failing"),
        ("success", NONE, None),
        ("neutral", NONE, None),
        ("skipped", NONE, None),
        (NONE, "success", None),
        ("success", "success", None),
    ],
)
def test_runs_and_statuses_count_alike(server: FakeGitHub, who: Who, pull: int, run: str | None, status: str, stands: str | None) -> None:
    head = server.repos[SHOP].head("fix") or ""
    server.protect(SHOP, "main", required_checks=["ci"])
    if run != NONE:
        server.check(SHOP, head, "ci", run)
    if status != NONE:
        assert who("tom").asks("POST", f"/statuses/{head}", {"context": "ci", "state": status})[0] == 201

    code, said = who("tom").asks("PUT", f"/pulls/{pull}/merge")

    assert (code, said["message"]) == ((405, f'Required status check "ci" is {stands}.') if stands else (200, said["message"]))


def test_the_newest_status_counts_and_each_check_by_itself(server: FakeGitHub, who: Who, pull: int) -> None:
    head = server.repos[SHOP].head("fix") or ""
    server.protect(SHOP, "main", required_checks=["ci", "lint"])
    for state in ("failure", "success"):
        who("tom").asks("POST", f"/statuses/{head}", {"context": "ci", "state": state})
    assert who("tom").asks("PUT", f"/pulls/{pull}/merge")[1]["message"] == 'Required status check "lint" is expected.'

    server.check(SHOP, head, "lint", "failure")
    assert who("tom").asks("PUT", f"/pulls/{pull}/merge")[1]["message"] == 'Required status check "lint" is failing.'


@pytest.mark.parametrize("body", [{"context": "ci"}, {"context": "ci", "state": "green"}])
def test_a_status_has_one_of_four_states(server: FakeGitHub, who: Who, pull: int, body: dict[str, str], contract: list[object]) -> None:
    head = server.repos[SHOP].head("fix") or ""

    assert who("tom").asks("POST", f"/statuses/{head}", body)[0] == 422
    assert server.statuses(SHOP, head) == []
    contract.clear()
