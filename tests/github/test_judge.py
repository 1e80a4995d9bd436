"""The judge knows right from wrong, and what the forge sends is right."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests

from bot.changes.change import Mark
from bot.signals.signal import Reaction, Thread
from tests.adapters.forges.github.hub import Hub
from tests.github import webhooks
from tests.github.judge import judge, verdict
from tests.github.packages import Unobtainable, package
from tests.github.server import FakeGitHub
from tests.github.state import Crossed


@pytest.fixture(autouse=True, scope="module")
def described() -> None:
    try:
        package("openapi"), package("graphql-schema"), package("webhooks-schemas")
    except Unobtainable as error:
        pytest.skip(f"GitHub's descriptions cannot be had: {error}")


def crossed(method: str, path: str, body: Any = None, query: str = "") -> Crossed:
    return Crossed(method, f"/api/{path}", query, 200, b"" if body is None else json.dumps(body).encode(), None, 0.0)


@pytest.mark.parametrize(
    ("request_", "why"),
    [
        (crossed("GET", "v3/repos/a/b/nowhere"), "no such route"),
        (crossed("GET", "v3/repos/a/b/pulls", query="state=shut"), "state cannot be shut"),
        (crossed("GET", "v3/repos/a/b/pulls", query="colour=red"), "no parameter colour"),
        (crossed("POST", "v3/repos/a/b/pulls", {"head": "x"}), "'base' is a required property"),
        (crossed("PUT", "v3/repos/a/b/pulls/1/merge", {"method": "squash"}), "no field method"),
        (crossed("POST", "graphql", {"query": "query { viewer { shoes } }", "variables": {}}), "shoes"),
    ],
)
def test_what_github_does_not_take_is_found(request_: Crossed, why: str) -> None:
    assert any(why in str(violation) for violation in judge([request_]))


def worsened(good: Crossed) -> Iterator[tuple[str, Crossed]]:
    """One thing wrong each, by what is wrong."""
    yield "path", replace(good, path=good.path.replace("/v3/", "/v3/nowhere/"))
    yield "query", replace(good, query="colour=red")
    yield "status", replace(good, status=299)
    if isinstance(good.answer, dict) and good.status < 300:
        yield "a field of the answer that nobody knows", replace(good, answer={**good.answer, "fresh": True})
        for name in ("number", "id", "sha", "node_id", "ref"):
            if name in good.answer:
                yield f"the type of {name} in the answer", replace(good, answer={**good.answer, name: ["x"]})
                yield f"no {name} in the answer", replace(good, answer={key: each for key, each in good.answer.items() if key != name})
    if isinstance(good.answer, list) and good.status < 300:
        yield "no list", replace(good, answer={"items": good.answer})
    if good.body:
        said = json.loads(good.body)
        yield "a field of the body that nobody knows", replace(good, body=json.dumps({**said, "fresh": True}).encode())
        for name in said:
            yield f"the type of {name} in the body", replace(good, body=json.dumps({**said, name: {"wrong": [1]}}).encode())


def test_whatever_goes_wrong_in_what_was_right_is_found(tmp_path: Path, contract: list[Crossed]) -> None:
    with FakeGitHub() as server, Hub(server, tmp_path) as hub:
        everything(server, hub)
    rest = {(each.method, re.sub(r"[0-9a-f]{40}|\d+", "N", each.path)): each for each in contract if each.path.startswith("/api/v3")}
    wrong = [(good, what, bad) for good in rest.values() for what, bad in worsened(good)]

    missed = [f"{good.method} {good.path}: {what}" for good, what, bad in wrong if not judge([bad])]

    assert len(rest) >= 15 and len(wrong) > 100 and missed == [], "\n".join(missed)


VIEWER = {"query": "query { viewer { login databaseId } }", "variables": {}}
QUEUE = {"query": "mutation($input: EnqueuePullRequestInput!) { enqueuePullRequest(input: $input) { clientMutationId } }", "variables": {}}


@pytest.mark.parametrize(
    ("said", "answer", "why"),
    [
        (VIEWER, {"data": {"viewer": {"login": {"a": 1}, "databaseId": 1}}}, "String cannot represent"),
        (VIEWER, {"data": {"viewer": {"login": "ada"}}}, "databaseId is asked for and not said"),
        (VIEWER, {"data": {"viewer": {"login": "ada", "databaseId": 1, "id": "x"}}}, "not asked for"),
        (VIEWER, {"data": {"viewer": None}}, "Cannot return null"),
        (VIEWER, {"data": None}, "viewer"),
        ({"query": "query {", "variables": {}}, {}, "no GraphQL"),
        (QUEUE, {}, "non-null type"),
        (QUEUE | {"variables": {"input": {"pullRequestId": "x", "jumps": True}}}, {}, "jumps"),
        (QUEUE | {"variables": {"input": {"pullRequestId": "x", "jump": "yes"}}}, {}, "Boolean"),
    ],
)
def test_graphql_that_is_wrong_is_found(said: Any, answer: Any, why: str) -> None:
    found = judge([replace(crossed("POST", "graphql", said), answer=answer)])

    assert any(why in str(violation) for violation in found), found


def test_a_webhook_that_is_wrong_is_found() -> None:
    with FakeGitHub() as server:
        server.create("acme/shop")
        server.user("ada", 5)
        number = server.open_issue("acme/shop", "It fails", "ada")
        server.say("acme/shop", number, "ada", "/rollback")
        good = webhooks.issue_comment(server, "acme/shop", server.comments("acme/shop", number)[0])

    assert list(webhooks.differs("issue_comment", good)) == []
    for bad in (
        {**good, "fresh": 1},
        {**good, "action": "invented"},
        {**good, "comment": {**good["comment"], "id": "x"}},
        {key: good[key] for key in good if key != "sender"},
    ):
        assert list(webhooks.differs("issue_comment", bad)), bad
    assert list(webhooks.differs("issue_commentary", good)) == ["GitHub has no such event"]


def test_the_fake_says_what_it_has_not_and_refuses_what_lacks(tmp_path: Path, contract: list[Crossed]) -> None:
    with FakeGitHub() as server, Hub(server, tmp_path) as hub:
        at, signed = f"{server.api}/repos/{hub.name}", {"Authorization": f"token {hub.token}"}
        contract.clear()
        unknown = requests.get(f"{at}/milestones", headers=signed, timeout=5)
        lacking = requests.post(f"{at}/pulls", json={"head": "main"}, headers=signed, timeout=5)
        mistyped = requests.post(f"{at}/issues/1/labels", json={"labels": "x"}, headers=signed, timeout=5)
    why = [str(each) for each in judge(contract)]
    contract.clear()

    assert (unknown.status_code, lacking.status_code, mistyped.status_code) == (404, 422, 422)
    assert '"title" wasn\'t supplied' in lacking.json()["message"] or '"base" wasn\'t supplied' in lacking.json()["message"]
    assert any("the fake has no such route" in each for each in why) and any("'base' is a required" in each for each in why)


def everything(server: FakeGitHub, hub: Hub) -> None:
    """What Rollbot does at GitHub, each once."""
    server.protect(hub.name, "main", required_checks=["ci"])
    server.allow(hub.name, merge_methods=["squash"], auto_merge=True)
    thread = Thread(hub.name, server.open_issue(hub.name, "It fails", "ada"))
    comment = server.say(hub.name, thread.number, "ada", "/rollback")
    pull = hub.proposed()
    acts: list[Callable[[], object]] = [
        lambda: hub.forge.merge(pull, pull.head),
        lambda: hub.forge.mark(pull.head, Mark("rollbot", "failure", "rolled back", "https://rollbot.example/")),
        lambda: hub.forge.touching(["app.yaml"], 0.0),
        lambda: hub.talk.react(thread, comment, Reaction.SEEN),
        lambda: hub.talk.react(thread, comment, Reaction.DONE),
        lambda: hub.talk.reply(thread, "answer", "done"),
        lambda: hub.talk.commands(0.0),
        lambda: hub.talk.role("ada"),
        lambda: hub.talk.discussion(thread),
        lambda: hub.forge.close(pull, "not needed"),
    ]
    for act in acts:
        act()


def test_what_the_forge_sends_and_hears_is_what_github_describes(tmp_path: Path) -> None:
    with FakeGitHub() as server, Hub(server, tmp_path) as hub:
        everything(server, hub)

        found = verdict(server.requests)

    assert found.requests > 30 and found.violations == [], str(found)
