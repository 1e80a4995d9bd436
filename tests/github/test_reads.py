"""What a client may also ask the fake: answered out of its state, each judged by GitHub's description when the test ends."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from tests.github.server import FakeGitHub

SHOP = "acme/shop"
FILES = {"app.yaml": "tag: 1\n", "apps/pay/deploy.yaml": "tag: 1\n", ".github/workflows/rollback.yml": "on: workflow_dispatch\n"}
Ask = Callable[..., Any]


@pytest.fixture
def hub() -> Iterator[FakeGitHub]:
    """Pull request 1 of ada's, from `team/fix` to `main`, is open and approved by tom."""
    with FakeGitHub() as started:
        started.create(SHOP, FILES)
        for login in ("ada", "tom", "eve"):
            started.user(login)
            started.grant(SHOP, login, "read" if login == "eve" else "write")
        started.repos[SHOP].git("branch", "team/fix", "main")
        sha = started.push(SHOP, "team/fix", {"app.yaml": "tag: 2\n", "new.txt": "new\n"}, "ada")
        pull = started.add(started.repos[SHOP], "Fix", "", "ada", "team/fix", "main", sha)
        pull.labels.append("rollback")
        started.approve(SHOP, pull.number, "tom")
        yield started


@pytest.fixture
def ask(hub: FakeGitHub) -> Ask:
    def asked(path: str, verb: str = "GET", who: str = "ada", body: Any = None) -> Any:
        headers = {"Authorization": f"token {hub.token(who)}"}
        answer = requests.request(verb, f"{hub.api}{path}", headers=headers, json=body, timeout=10)
        return answer.json() if answer.ok and answer.content else answer.status_code

    return asked


def at(path: str) -> str:
    return f"/repos/{SHOP}{path}"


def test_what_is_left_is_told_and_costs_nothing(hub: FakeGitHub, ask: Ask) -> None:
    ask("/user")
    first, second = ask("/rate_limit"), ask("/rate_limit")

    assert first == second == {"resources": first["resources"], "rate": first["resources"]["core"]}
    assert (first["rate"]["used"], first["rate"]["limit"] - first["rate"]["remaining"]) == (1, 1)
    assert ask("/meta") == {"verifiable_password_authentication": False}


def test_branches(hub: FakeGitHub, ask: Ask) -> None:
    hub.protect(SHOP, "main", required_checks=["ci"])

    assert [(each["name"], each["protected"]) for each in ask(at("/branches"))] == [("main", True), ("team/fix", False)]
    assert [each["name"] for each in ask(at("/branches?protected=true"))] == ["main"]
    assert ask(at("/branches/team/fix"))["commit"]["sha"] == hub.repos[SHOP].head("team/fix")
    assert (ask(at("/branches/team/none")), ask(at("/branches/team/fix/protection"))) == (404, 404)
    assert [each["ref"] for each in ask(at("/git/matching-refs/heads/team"))] == ["refs/heads/team/fix"]
    assert ask(at("/git/matching-refs/heads/none")) == []


def test_commits_and_what_lies_between_them(hub: FakeGitHub, ask: Ask) -> None:
    main, fix = (hub.repos[SHOP].head(branch) for branch in ("main", "team/fix"))

    assert [each["sha"] for each in ask(at("/commits?sha=team/fix"))] == [fix, main]
    assert [each["sha"] for each in ask(at("/commits?sha=team/fix&path=apps"))] == [main]
    found = ask(at("/compare/main...team/fix"))
    assert (found["status"], found["ahead_by"], found["behind_by"], found["merge_base_commit"]["sha"]) == ("ahead", 1, 0, main)
    assert [(each["filename"], each["status"]) for each in found["files"]] == [("app.yaml", "modified"), ("new.txt", "added")]
    assert [ask(at(f"/compare/{two}"))["status"] for two in ("team/fix...main", "main...main")] == ["behind", "identical"]
    assert (ask(at("/commits?sha=none")), ask(at("/compare/main...none"))) == (404, 404)


def test_files(hub: FakeGitHub, ask: Ask) -> None:
    file = ask(at("/contents/app.yaml?ref=team/fix"))

    assert base64.b64decode(file["content"]) == b"tag: 2\n"
    assert [(each["type"], each["path"]) for each in ask(at("/contents/apps"))] == [("dir", "apps/pay")]
    assert [(each["type"], each["path"]) for each in ask(at("/contents/apps/pay"))] == [("file", "apps/pay/deploy.yaml")]
    assert (ask(at("/contents/none")), ask(at("/contents/app.yaml?ref=none"))) == (404, 404)
    assert [each["path"] for each in ask(at("/git/trees/main"))["tree"]] == [".github", "app.yaml", "apps"]
    assert "apps/pay/deploy.yaml" in [each["path"] for each in ask(at("/git/trees/main?recursive=1"))["tree"]]


def test_labels_and_reviews(ask: Ask) -> None:
    assert [each["name"] for each in ask(at("/labels"))] == ["rollback"]
    assert [(each["user"]["login"], each["state"]) for each in ask(at("/pulls/1/reviews"))] == [("tom", "APPROVED")]


def test_where_webhooks_go_and_what_became_of_them(hub: FakeGitHub, ask: Ask) -> None:
    assert (ask(at("/hooks")), ask(at("/hooks/1/deliveries"))) == ([], 404)
    hub.deliver_to("http://127.0.0.1:9/hooks/github", "s3cret")  # nobody is there
    hub.open_issue(SHOP, "It fails", "ada")
    hub.webhooks.delivered()

    [hook] = ask(at("/hooks"))
    assert (hook["config"]["url"], hook["last_response"]["code"]) == ("http://127.0.0.1:9/hooks/github", 0)
    assert "s3cret" not in str(hook)
    assert [(each["event"], each["action"], each["status_code"]) for each in ask(at("/hooks/1/deliveries"))] == [("issues", "opened", 0)]


@pytest.mark.parametrize(
    ("workflow", "who", "body", "answer"),
    [
        ("rollback.yml", "ada", {"ref": "main", "inputs": {"service": "pay"}}, 204),
        ("none.yml", "ada", {"ref": "main"}, 404),
        ("rollback.yml", "ada", {"ref": "none"}, 422),
        ("rollback.yml", "eve", {"ref": "main"}, 403),
    ],
)
def test_a_workflow_is_started_by_hand(hub: FakeGitHub, ask: Ask, workflow: str, who: str, body: Any, answer: int) -> None:
    assert ask(at(f"/actions/workflows/{workflow}/dispatches"), "POST", who, body) == answer
    assert hub.dispatched == ([(SHOP, "rollback.yml", "main", {"service": "pay"})] if answer == 204 else [])
