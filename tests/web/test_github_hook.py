"""The door for GitHub: signed over the raw bytes, answered at once, stored before it counts as seen."""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr
from starlette.testclient import TestClient

from bot.web.app import create_app
from bot.world.talk import WorldConversation

OLD, NEW = "old-secret-of-the-hook", "new-secret-of-the-hook"
PAYLOADS = Path(__file__).parents[2] / "fixtures" / "payloads" / "github"


def signature(body: bytes, secret: str = NEW, how: str = "sha256") -> str:
    return f"{how}=" + hmac.new(secret.encode(), body, getattr(hashlib, how)).hexdigest()


@pytest.fixture
def home(ports) -> str:
    return "/".join(ports.repository.name.split("/")[-2:])


@pytest.fixture
def door(settings, house, ports, home):
    """POST to /hooks/github as GitHub does; the repository is at a forge where people talk."""
    talk = WorldConversation(home, None, ports.clock, lambda number: None)
    houses = {name: replace(each, conversation=talk) for name, each in house.ports.items()}
    opened = settings.model_copy(update={"github_webhook_secret": (SecretStr(OLD), SecretStr(NEW))})
    with TestClient(create_app(opened, houses), base_url="http://127.0.0.1") as client:

        def post(payload, event="issue_comment", delivery="d-1", **headers):
            body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
            said = {
                "X-GitHub-Event": event,
                "X-GitHub-Delivery": delivery,
                "X-Hub-Signature-256": signature(body),
                "Content-Type": "application/json",
                **headers,
            }
            return client.post("/hooks/github", content=body, headers={name: text for name, text in said.items() if text})

        post.client = client
        yield post


def comment(repository: str, text: str = "/rollback", **more):
    user = {"login": "ada", "id": 5, "type": "User"}
    return {
        "action": "created",
        "repository": {"full_name": repository},
        "issue": {"number": 226},
        "comment": {"id": 77, "body": text, "user": user},
        **more,
    }


def test_a_comment_is_stored_with_its_event_and_answered_at_once(door, ports, home):
    answer = door(comment(home))

    assert (answer.status_code, answer.json()) == (202, {"accepted": True})
    [delivery] = ports.store.inbox(ports.repository.name)
    assert (delivery.source, json.loads(delivery.body)["comment"]["id"]) == ("github:issue_comment", 77)


@pytest.mark.parametrize("secret", [OLD, NEW])
def test_while_secrets_change_either_opens(door, home, secret):
    body = json.dumps(comment(home)).encode()

    assert door(body, **{"X-Hub-Signature-256": signature(body, secret)}).status_code == 202


@pytest.mark.parametrize(
    ("headers", "status", "says"),
    [
        pytest.param({"X-Hub-Signature-256": ""}, 401, "X-Hub-Signature-256 is missing", id="not signed"),
        pytest.param({"X-Hub-Signature-256": "sha256=" + "0" * 64}, 401, "is not what ROLLBOT_GITHUB_WEBHOOK_SECRET", id="signed wrongly"),
        pytest.param({"X-Hub-Signature-256": "sha256=é"}, 401, "is not what", id="no signature at all"),
        pytest.param({"X-GitHub-Event": ""}, 400, "X-GitHub-Event", id="no event"),
        pytest.param({"X-GitHub-Event": "../x"}, 400, "X-GitHub-Event", id="no name of an event"),
        pytest.param({"X-GitHub-Delivery": ""}, 400, "X-GitHub-Delivery", id="no delivery"),
        pytest.param({"Content-Type": "application/x-www-form-urlencoded"}, 415, "application/json", id="a form"),
        pytest.param({"Content-Length": str(9 * 1024 * 1024)}, 413, "larger", id="said to be too large"),
    ],
)
def test_what_does_not_prove_itself_is_turned_away(door, ports, home, headers, status, says):
    given = {name: text.encode("latin-1") for name, text in headers.items()}
    answer = door(comment(home), **given)

    assert (answer.status_code, says in answer.json()["error"]) == (status, True)
    assert not ports.store.inbox(ports.repository.name)


def test_sha1_and_another_body_s_signature_do_not_open(door, home):
    body = json.dumps(comment(home)).encode()

    assert door(body, **{"X-Hub-Signature-256": "", "X-Hub-Signature": signature(body, NEW, "sha1")}).status_code == 401
    assert door(body, **{"X-Hub-Signature-256": signature(body, NEW, "sha1")}).status_code == 401
    assert door(body + b" ", **{"X-Hub-Signature-256": signature(body)}).status_code == 401


def test_a_body_that_does_not_end_is_cut_off_before_its_signature_is_looked_at(door):
    def endless():
        for _ in range(20):
            yield b" " * 1024 * 1024

    headers = {"X-GitHub-Event": "ping", "X-GitHub-Delivery": "d", "X-Hub-Signature-256": "sha256=00", "Content-Type": "application/json"}

    assert door.client.post("/hooks/github", content=endless(), headers=headers).status_code == 413


def test_without_a_secret_the_door_is_closed(client):
    answer = client.post("/hooks/github", json={}, headers={"X-GitHub-Event": "ping", "X-GitHub-Delivery": "d"})

    assert (answer.status_code, "set ROLLBOT_GITHUB_WEBHOOK_SECRET" in answer.json()["error"]) == (401, True)
    assert client.get("/hooks/github").status_code == 405


def test_a_delivery_counts_as_seen_only_once_it_is_stored(door, ports, home):
    turned_away = door(comment(home), **{"X-Hub-Signature-256": signature(b"")})
    answers = [door(comment(home)).status_code for _ in range(3)]

    assert (turned_away.status_code, answers) == (401, [202, 202, 202])
    assert len(ports.store.inbox(ports.repository.name)) == 1


@pytest.mark.parametrize(
    ("payload", "event", "why"),
    [
        pytest.param(lambda home: comment(home, "Nice!"), "issue_comment", "the comment is no command", id="talk"),
        pytest.param(lambda home: comment(home, action="edited"), "issue_comment", "only new ones are read", id="edited"),
        pytest.param(
            lambda home: comment(home, comment={"id": 1, "body": "/rollback", "user": {"login": "x[bot]", "id": 1, "type": "Bot"}}),
            "issue_comment",
            "not by a person",
            id="a bot",
        ),
        pytest.param(
            lambda home: comment(home, comment={"id": 1, "body": "/rollback", "user": None}),
            "issue_comment",
            "not by a person",
            id="a ghost",
        ),
        pytest.param(
            lambda home: comment(
                home,
                comment={
                    "id": 1,
                    "body": "/rollback",
                    "user": {"login": "ada", "id": 5, "type": "User"},
                    "performed_via_github_app": {"id": 3},
                },
            ),
            "issue_comment",
            "made by an App in a person's name",
            id="an App in a person's name",
        ),
        pytest.param(lambda home: {"zen": "Keep it logically awesome.", "hook_id": 1}, "ping", "yes", id="ping"),
        pytest.param(
            lambda home: {"action": "created", "installation": {"id": 1}}, "installation", "an installation changed", id="installed"
        ),
        pytest.param(lambda home: {"action": "started"}, "star", "star is not followed", id="another event"),
        pytest.param(lambda home: {"ref": "refs/tags/v1", "repository": {"full_name": home}}, "push", "no branch was pushed", id="a tag"),
        pytest.param(
            lambda home: {"ref": "refs/heads/main", "after": "0a" * 20, "repository": {"full_name": "acme/other"}},
            "push",
            "about a repository that is not watched here",
            id="another repository",
        ),
    ],
)
def test_what_holds_nothing_for_us_is_accepted_ignored_and_counted(door, ports, home, payload, event, why):
    answer = door(payload(home), event)

    assert answer.status_code == 202
    assert why in answer.json()["ignored"]
    assert not ports.store.inbox(ports.repository.name)
    assert 'rollbot_deliveries_total{source="github",outcome="ignored"} 1' in door.client.get("/metrics").text


def test_a_command_on_an_application_s_repository_reaches_the_manifests_repository(door, ports):
    assert door(comment("acme/checkout")).json() == {"accepted": True}

    assert len(ports.store.inbox(ports.repository.name)) == 1


@pytest.mark.parametrize("body", [b"[]", b"{}", b'{"action": "created"}', b'{"action":"created","comment":{"id":-1}}'])
def test_a_payload_of_another_shape_is_refused_clearly_but_kept(door, ports, body):
    answer = door(body)

    assert (answer.status_code, "not a payload of GitHub's issue_comment" in answer.json()["error"]) == (400, True)
    assert len(ports.store.inbox(ports.repository.name)) == 1


@pytest.mark.parametrize("file", sorted(PAYLOADS.glob("*")), ids=lambda file: file.name)
def test_every_event_that_is_followed_is_accepted(door, file):
    assert door(file.read_bytes(), file.name.partition(".")[0], delivery=file.name).status_code == 202
