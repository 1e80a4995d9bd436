"""The judge knows right from wrong, and what the forge sends is right."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.changes.change import Mark
from bot.signals.signal import Reaction, Thread
from tests.adapters.forges.github.hub import Hub
from tests.github.judge import judge
from tests.github.packages import Unobtainable, package
from tests.github.server import FakeGitHub
from tests.github.state import Crossed


@pytest.fixture(autouse=True, scope="module")
def described() -> None:
    try:
        package("openapi"), package("graphql-schema")
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


VIEWER = {"query": "query { viewer { login databaseId } }", "variables": {}}


@pytest.mark.parametrize(
    ("request_", "answer", "status", "why"),
    [
        (crossed("GET", "v3/repos/a/b/pulls/1"), {"number": "one"}, 200, "answer.number is no integer"),
        (crossed("GET", "v3/repos/a/b/pulls/1"), {"number": 1, "fresh": True}, 200, "answer has no field fresh"),
        (crossed("GET", "v3/repos/a/b/pulls/1"), {"state": "merged"}, 200, "answer.state cannot be 'merged'"),
        (crossed("GET", "v3/repos/a/b/pulls"), [{"head": None}], 200, "answer[0].head cannot be null"),
        (crossed("GET", "v3/repos/a/b/pulls/1"), {}, 201, "it does not answer 201"),
        (crossed("GET", "v3/repos/a/b/commits/main/status"), {"statuses": [{"state": 1}]}, 200, "statuses[0].state is no string"),
        (crossed("POST", "graphql", VIEWER), {"data": {"viewer": {"login": 1}}}, 200, "viewer.login cannot be 1"),
        (crossed("POST", "graphql", VIEWER), {"data": {"viewer": {"id": "x"}}}, 200, "was not asked for id"),
        (crossed("POST", "graphql", VIEWER), {"data": None}, 200, "says no error"),
    ],
)
def test_what_github_would_not_answer_is_found(request_: Crossed, answer: Any, status: int, why: str) -> None:
    found = judge([replace(request_, answer=answer, status=status)])

    assert any(why in str(violation) for violation in found), found


def test_what_the_forge_sends_is_what_github_takes(tmp_path: Path) -> None:
    with FakeGitHub() as server, Hub(server, tmp_path) as hub:
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

        assert len(server.requests) > 30 and [str(each) for each in judge(server.requests)] == []
