"""Comments on applications' repositories that no webhook brought: the sweep finds them, for next to nothing of the rate limit."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.github import webhooks
from tests.github.server import FakeGitHub
from tests.github.town import NAME, Town, a_town

APP, OTHER = "acme/checkout", "acme/cart"
CONFIG = f"policy: {{trust: {{prod: propose}}}}\npeople: {{applications: [{APP}, acme/secret]}}\n"


@pytest.fixture
def hub() -> Iterator[FakeGitHub]:
    with FakeGitHub() as started:
        yield started


@pytest.fixture
def town(hub: FakeGitHub, tmp_path: Path) -> Iterator[Town]:
    made = a_town(hub, tmp_path)
    for name in (APP, OTHER):
        hub.create(name, files={"main.go": "package main\n"})
        hub.grant(name, "robot", "write")
    hub.create("acme/secret", files={"main.go": "package main\n"})
    hub.push(NAME, "main", {".rollbot.yaml": CONFIG}, "ada")
    with made.serving():
        made.sweep()
        yield made


def listen(town: Town) -> None:
    """Five minutes have gone by."""
    town.ports.store.keep(f"heard:{town.ports.repository.name}", repr(town.ports.clock.now() - 300).encode())
    town.sweep()


def said(town: Town, name: str, who: str = "ada", text: str = "/rollback checkout in prod") -> tuple[int, int]:
    issue = town.hub.open_issue(name, "It hangs", "eve")
    return issue, town.hub.say(name, issue, who, text)


def answers(town: Town, name: str, issue: int) -> int:
    return sum(each.user == "robot" for each in town.hub.comments(name, issue))


def test_one_that_is_configured_is_looked_at(town: Town) -> None:
    issue, comment = said(town, APP)
    for _ in range(2):
        listen(town)

    assert (len(town.proposals()), answers(town, APP, issue)) == (1, 1)
    assert [each.content for each in town.hub.reactions(APP, comment)] == ["rocket"]
    deaf = [entry.what for entry in town.ports.store.entries("") if "webhook only" in entry.what]
    assert deaf == ["comments in acme/secret are heard by webhook only"], "said once, and nothing else goes unheard for it"


def test_one_that_was_talked_in_is_looked_at(town: Town) -> None:
    first, comment = said(town, OTHER, text="/rollback help")
    listen(town)
    assert answers(town, OTHER, first) == 0

    [found] = town.hub.comments(OTHER, first)
    assert found.id == comment and town.deliver("issue_comment", webhooks.issue_comment(town.hub, OTHER, found, "created")) == 202
    town.settle()
    second, _ = said(town, OTHER)
    listen(town)

    assert (len(town.proposals()), answers(town, OTHER, first), answers(town, OTHER, second)) == (1, 1, 1)


def test_strangers_and_bots_are_not_obeyed_there_either(town: Town) -> None:
    issues = [said(town, APP, who)[0] for who in ("mallory", "renovate[bot]", "robot")]
    listen(town)

    assert town.proposals() == []
    assert [answers(town, APP, issue) for issue in issues] == [1, 0, 1], "one is told why; the last is our own comment"


def test_where_nothing_is_new_it_costs_nothing(town: Town) -> None:
    said(town, APP, text="It hangs again")
    listen(town)
    before = len(town.hub.requests)
    listen(town)

    looked = [each.status for each in town.hub.requests[before:] if each.path.endswith(f"/repos/{APP}/issues/comments")]
    assert looked == [304]


def test_what_is_kept_for_incidents_is_not_spent_on_it(town: Town) -> None:
    issue, _ = said(town, APP)
    town.hub.quota.limits["robot", "core"] = 1000
    while town.hub.quota.told("robot", "core")["remaining"] > 80:
        town.hub.quota.charge("robot", "core")
    town.ports.conversation.role("ada")
    before = len(town.hub.requests)
    listen(town)

    assert not [each for each in town.hub.requests[before:] if each.path.endswith("/issues/comments")]
    assert answers(town, APP, issue) == 0
