"""What GitHub lets one leave out may be left out; what is out of date is said as GitHub says it; and faults are what they are called."""

from __future__ import annotations

import time
from base64 import b64encode
from collections.abc import Callable
from typing import Any

import pytest
import requests

from tests.github.caller import Caller
from tests.github.conftest import SHOP
from tests.github.server import FakeGitHub

Who = Callable[[str], Caller]
ARM = "mutation($input: EnablePullRequestAutoMergeInput!) { enablePullRequestAutoMerge(input: $input) { pullRequest { number } } }"


@pytest.mark.parametrize("body", [None, {}, {"commit_title": "So"}, {"merge_method": "merge"}])
def test_a_merge_needs_neither_head_nor_method(server: FakeGitHub, who: Who, pull: int, body: Any) -> None:
    head = server.repos[SHOP].head("fix")

    status, said = who("tom").asks("PUT", f"/pulls/{pull}/merge", body)

    assert status == 200 and len(server.repos[SHOP].commit(said["sha"])["parents"]) == 2
    assert head in server.repos[SHOP].commit(said["sha"])["parents"]


def test_the_method_that_is_meant_where_none_is_said_has_to_be_allowed(server: FakeGitHub, who: Who, pull: int) -> None:
    server.allow(SHOP, merge_methods=["squash"], auto_merge=False)

    assert who("tom").asks("PUT", f"/pulls/{pull}/merge", {})[1]["message"] == "Merge commits are not allowed on this repository."


def test_auto_merge_needs_no_method(server: FakeGitHub, who: Who, pull: int) -> None:
    server.allow(SHOP, merge_methods=["merge"], auto_merge=True)
    server.protect(SHOP, "main", required_checks=["ci"])
    said = who("tom").asks("GET", f"/pulls/{pull}")[1]

    assert who("tom").refused(ARM, input={"pullRequestId": said["node_id"], "expectedHeadOid": "0" * 40})[0] == "STALE_DATA"
    assert who("tom").graphql(ARM, input={"pullRequestId": said["node_id"]})["data"]["enablePullRequestAutoMerge"]
    assert who("tom").asks("GET", f"/pulls/{pull}")[1]["auto_merge"]["merge_method"] == "merge"
    server.check(SHOP, server.repos[SHOP].head("fix") or "", "ci", "success")
    assert who("tom").asks("GET", f"/pulls/{pull}")[1]["merged"]


@pytest.mark.parametrize(
    "changes",
    [
        {"additions": [{"path": "new.txt", "contents": b64encode(b"x").decode()}]},
        {"deletions": [{"path": "app.yaml"}]},
        {},
        None,
    ],
)
def test_a_commit_may_add_delete_or_do_nothing(server: FakeGitHub, who: Who, pull: int, changes: Any) -> None:
    head, other = server.repos[SHOP].head("fix") or "", {} if changes is None else {"fileChanges": changes}

    made = who("tom").commits("fix", head, **{"fileChanges": None, **other})

    assert server.repos[SHOP].commit(made["data"]["createCommitOnBranch"]["commit"]["oid"])["parents"] == [head]


def test_a_commit_on_another_head_is_stale(server: FakeGitHub, who: Who, pull: int) -> None:
    head = server.repos[SHOP].head("fix")

    [error] = who("tom").commits("fix", server.repos[SHOP].head("main") or "")["errors"]

    assert error["type"] == "STALE_DATA" and error["message"].startswith(f'Expected branch to point to "{head}" but it did not.')
    assert server.repos[SHOP].head("fix") == head
    [nowhere] = who("tom").commits("none", head or "")["errors"]
    assert nowhere["type"] == "NOT_FOUND"


# Faults


def test_a_fault_that_there_is_not_is_none(server: FakeGitHub) -> None:
    with pytest.raises(ValueError, match="no fault 'slow'"):
        server.fault(r"GET", "slow")


def test_latency_takes_its_time(server: FakeGitHub, who: Who, pull: int) -> None:
    server.fault(r"GET /repos/acme/shop/pulls/\d+$", "latency", times=1, seconds=0.3)

    took = []
    for _ in range(2):
        start = time.monotonic()
        assert who("tom").asks("GET", f"/pulls/{pull}")[0] == 200
        took.append(time.monotonic() - start)

    assert took[0] >= 0.3 and not server.faults


@pytest.mark.parametrize(
    ("kind", "answer", "merged"),
    [("500_before", 500, False), ("502_after", 502, True), ("cut_before", None, False), ("cut_after", None, True), ("429", 429, False)],
)
def test_a_fault_strikes_before_or_after(server: FakeGitHub, who: Who, pull: int, kind: str, answer: int | None, merged: bool) -> None:
    server.fault(r"PUT /repos/[^ ]+/merge$", kind)

    if answer is None:
        with pytest.raises(requests.ConnectionError):
            who("tom").asks("PUT", f"/pulls/{pull}/merge")
    else:
        assert who("tom").asks("PUT", f"/pulls/{pull}/merge")[0] == answer
    assert server.pull(SHOP, pull).merged is merged


# The merge queue

QUEUE = "mutation($input: EnqueuePullRequestInput!) { enqueuePullRequest(input: $input) { mergeQueueEntry { position } } }"


def test_a_queue_takes_what_lacks_nothing_else(server: FakeGitHub, who: Who, pull: int) -> None:
    server.allow(SHOP, merge_methods=["squash"], auto_merge=True)
    server.protect(SHOP, "main", queue=True, reviews=1)
    node = who("tom").asks("GET", f"/pulls/{pull}")[1]["node_id"]
    asked = {"pullRequestId": node}

    why = "Pull request At least 1 approving review is required by reviewers with write access."
    assert who("tom").refused(QUEUE, input=asked) == ("UNPROCESSABLE", why)
    assert who("tom").graphql(ARM, input=asked)["data"]["enablePullRequestAutoMerge"]
    server.approve(SHOP, pull, "sue")
    who("tom").asks("GET", f"/pulls/{pull}")

    assert server.pull(SHOP, pull).queued and who("tom").refused(QUEUE, input=asked)[1] == "Pull request is already in the queue"
    server.run_queue(SHOP)
    assert server.pull(SHOP, pull).merged
