"""The fake's own webhooks: every change is told once, in GitHub's shape, and our door makes the right of it."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from bot.incidents.lifecycle import State
from tests.github.deliveries import Delivery
from tests.github.server import FakeGitHub
from tests.github.town import NAME, a_town

SHOP = "acme/shop"


@pytest.fixture
def hub() -> Iterator[FakeGitHub]:
    with FakeGitHub() as started:
        yield started


@pytest.fixture
def shop(hub: FakeGitHub) -> FakeGitHub:
    """Pull request 1 of ada's is open, from `fix` to `main`; issue 2 has one comment."""
    hub.create(SHOP, {"app.yaml": "tag: 1\n"})
    for number, login in enumerate(("ada", "tom", "robot"), 9001):
        hub.user(login, number)
        hub.grant(SHOP, login, "write")
    hub.repos[SHOP].git("branch", "fix", "main")
    sha = hub.push(SHOP, "fix", {"app.yaml": "tag: 2\n"}, "ada")
    hub.add(hub.repos[SHOP], "Fix", "", "ada", "fix", "main", sha)
    hub.say(SHOP, hub.open_issue(SHOP, "It fails", "ada"), "ada", "hello")
    hub.hooks.clear()
    return hub


def asked(hub: FakeGitHub, verb: str, path: str, body: object = None) -> int:
    """What robot's client writes over the API."""
    headers = {"Authorization": f"token {hub.token('robot')}"}
    return requests.request(verb, f"{hub.api}/repos/{SHOP}{path}", json=body, headers=headers, timeout=10).status_code


def said(deliveries: list[Delivery]) -> list[str]:
    return [" ".join(filter(None, (each.event, each.payload.get("action"), each.payload["sender"]["login"]))) for each in deliveries]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        pytest.param(lambda hub: hub.say(SHOP, 2, "tom", "/rollback"), ["issue_comment created tom"], id="a comment"),
        pytest.param(
            lambda hub: asked(hub, "PATCH", f"/issues/comments/{hub.comments(SHOP, 2)[0].id}", {"body": "other"}),
            ["issue_comment edited robot"],
            id="a comment edited",
        ),
        pytest.param(
            lambda hub: asked(hub, "DELETE", f"/issues/comments/{hub.comments(SHOP, 2)[0].id}"),
            ["issue_comment deleted robot"],
            id="a comment deleted",
        ),
        pytest.param(lambda hub: hub.open_issue(SHOP, "Again", "tom"), ["issues opened tom"], id="an issue"),
        pytest.param(lambda hub: hub.close_by_person(SHOP, 2, "ada"), ["issues closed ada"], id="an issue closed"),
        pytest.param(
            lambda hub: hub.push(SHOP, "main", {"b": "2\n"}, "ada"),
            ["push ada"],
            id="a push",
        ),
        pytest.param(
            lambda hub: hub.push(SHOP, "fix", {"b": "2\n"}, "ada"),
            ["push ada", "pull_request synchronize ada"],
            id="a push to a pull request",
        ),
        pytest.param(
            lambda hub: asked(hub, "POST", "/git/refs", {"ref": "refs/heads/new", "sha": hub.repos[SHOP].head("main")}),
            ["create robot", "push robot"],
            id="a branch",
        ),
        pytest.param(
            lambda hub: asked(hub, "DELETE", "/git/refs/heads/fix"),
            ["push robot", "delete robot", "pull_request closed robot"],
            id="a branch deleted, and its pull request with it",
        ),
        pytest.param(lambda hub: hub.merge_by_person(SHOP, 1, "tom"), ["push tom", "pull_request closed tom"], id="a pull request merged"),
        pytest.param(lambda hub: hub.close_by_person(SHOP, 1, "tom"), ["pull_request closed tom"], id="a pull request closed"),
        pytest.param(
            lambda hub: asked(hub, "PATCH", "/pulls/1", {"title": "Mend"}), ["pull_request edited robot"], id="a pull request edited"
        ),
        pytest.param(
            lambda hub: asked(hub, "POST", "/issues/1/labels", {"labels": ["rollback"]}), ["pull_request labeled robot"], id="a label"
        ),
        pytest.param(
            lambda hub: asked(hub, "POST", "/pulls/1/requested_reviewers", {"reviewers": ["tom"]}),
            ["pull_request review_requested robot"],
            id="a review requested",
        ),
        pytest.param(lambda hub: hub.approve(SHOP, 1, "tom"), ["pull_request_review submitted tom"], id="a review"),
        pytest.param(
            lambda hub: hub.check(SHOP, hub.pull(SHOP, 1).sha, "ci", None), ["check_run created github-actions[bot]"], id="a check begun"
        ),
        pytest.param(
            lambda hub: hub.check(SHOP, hub.pull(SHOP, 1).sha, "ci", "success"),
            ["check_run completed github-actions[bot]", "check_suite completed github-actions[bot]"],
            id="a check done",
        ),
        pytest.param(
            lambda hub: asked(hub, "POST", f"/statuses/{hub.repos[SHOP].head('main')}", {"state": "failure", "context": "rollbot"}),
            ["status robot"],
            id="a status",
        ),
        pytest.param(
            lambda hub: hub.deploy(SHOP, hub.repos[SHOP].head("main") or "", "prod", "success", "ada"),
            ["deployment_status created ada"],
            id="a deployment",
        ),
        pytest.param(lambda hub: asked(hub, "GET", "/pulls/1"), [], id="a read"),
    ],
)
def test_every_change_is_told_once_and_by_whom(shop: FakeGitHub, change: Callable[[FakeGitHub], object], told: list[str]) -> None:
    """That each payload has the shape of GitHub's own schema is judged when the test ends, as all that crosses the fake is."""
    change(shop)

    assert said(shop.hooks) == told
    assert said(shop.hooks) == told


def test_a_delivery_is_signed_over_its_bytes(shop: FakeGitHub) -> None:
    shop.say(SHOP, 2, "tom", "/rollback ünter")
    [delivery] = shop.hooks

    headers = delivery.headers("s3cret")
    assert json.loads(delivery.body)["comment"]["body"] == "/rollback ünter"
    assert headers["X-Hub-Signature-256"] == "sha256=" + hmac.new(b"s3cret", delivery.body, hashlib.sha256).hexdigest()
    assert (headers["X-GitHub-Event"], headers["X-GitHub-Delivery"]) == ("issue_comment", delivery.id)


def test_from_a_comment_to_the_merge_by_github_s_webhooks_alone(hub: FakeGitHub, tmp_path: Path) -> None:
    town = a_town(hub, tmp_path)
    with town.serving(), town.door():
        hub.say(NAME, town.release, "ada", "/rollback because it hangs")
        town.heard()
        [number] = town.proposals()
        [waiting] = town.incidents()
        merged = hub.merge_by_person(NAME, number, "tom")
        town.heard()
        [incident] = town.incidents()

        assert (waiting.state, incident.action.commit, incident.action.by_person) == (State.PROPOSED, merged, True)
        assert '"2.7.0"' in town.prod()
        assert town.answers(town.release)[0].startswith(f"**Merged [#{number}]")
        assert {each.status for each in hub.hooks} == {202}
        assert len(town.branches()) == 1


def test_a_delivery_that_proves_nothing_and_one_that_comes_again_do_nothing(hub: FakeGitHub, tmp_path: Path) -> None:
    town = a_town(hub, tmp_path)
    with town.serving(), town.door():
        hub.say(NAME, town.release, "ada", "/rollback")
        town.heard()
        first = next(each for each in hub.hooks if each.event == "issue_comment")
        again = hub.webhooks.post(first)
        forged = requests.post(hub.webhooks.address, data=first.body, headers=first.headers("not it"), timeout=10).status_code
        town.heard()

        assert (again, forged) == (202, 401)
        assert (len(town.proposals()), len(town.answers(town.release))) == (1, 1)
