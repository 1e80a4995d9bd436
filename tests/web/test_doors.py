"""Every door, in every way that its senders prove themselves: what is wrong is a clear 4xx, and the next good delivery works."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from starlette.testclient import TestClient

from bot.signals.sources import SOURCES, Hmac, Shown, Way
from bot.web.app import create_app
from bot.world.talk import WorldConversation
from tests.web.proving import NAMES, SECRET, WAYS, proof

PAYLOADS = Path(__file__).parents[2] / "fixtures" / "payloads"
HOSTILE = [
    '{__name__=~".+"} or vector(1)',
    "$(rm -rf /); `id` | sh",
    "](https://evil.example) @everyone <script>alert(1)</script>",
    "../../../../etc/passwd",
    "checkout' OR '1'='1",
    "\u202e\u0000\ufeff",
]

Post = Callable[..., Any]


def recorded(source: str) -> tuple[str, bytes]:
    """A delivery that is as it should be, with the name of its event."""
    files = [file for file in (PAYLOADS / source).glob("*.json") if not file.name.startswith("ignored.")]
    if source == "github":
        files = [file for file in files if "deployment_status" in file.name]
    file = min(files, key=lambda file: (file.name.startswith(("resolved", "recovered")), file.name))
    return file.name.partition(".")[0], file.read_bytes()


@pytest.fixture(params=WAYS, ids=NAMES)
def door(request: pytest.FixtureRequest, settings: Any, house: Any, ports: Any) -> Iterator[Post]:
    """POST to a door as its sender does; `good` is a body of its, `wrong` proves it with another secret."""
    source, way = request.param
    opened = settings.model_copy(update={"hook_tokens": {source: SecretStr(SECRET)}, "github_webhook_secret": (SecretStr(SECRET),)})
    talk = WorldConversation("Codertocat/Hello-World", None, ports.clock, lambda number: None)  # type: ignore[arg-type]
    houses = {name: replace(each, conversation=talk) for name, each in house.ports.items()}
    event, good = recorded(source)
    with TestClient(create_app(opened, houses), base_url="http://127.0.0.1") as client:

        def post(body: bytes, secret: str = SECRET, delivery: str = "d-1", **headers: str) -> Any:
            named = {"X-GitHub-Event": event, "X-GitHub-Delivery": delivery} if SOURCES[source].event else {}
            said = {"Content-Type": "application/json", **named, **proof(way, body, secret), **headers}
            address = f"/hooks/{source}/{secret}" if isinstance(way, Shown) else f"/hooks/{source}"
            return client.post(address, content=body, headers=said)

        post.source, post.way, post.good, post.client = source, way, good, client  # type: ignore[attr-defined]
        yield post


def works(door: Any) -> bool:
    answer = door(door.good, delivery="d-good")
    return answer.status_code == 202


def kept(ports: Any) -> int:
    return len(ports.store.inbox(ports.repository.name))


def test_a_good_delivery_is_taken_and_its_replay_changes_nothing(door: Any, ports: Any) -> None:
    answers = [door(door.good) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [202, 202, 202]
    assert kept(ports) <= 1


def test_another_secret_opens_nothing(door: Any, ports: Any) -> None:
    answer = door(door.good, secret="another-secret-0123456789")

    assert (answer.status_code, SECRET in answer.text) == (401, False)
    assert kept(ports) == 0
    assert works(door)


def test_a_body_that_was_cut_off_is_told_so(door: Any, ports: Any) -> None:
    half = door.good[: len(door.good) // 2]

    answer = door(half)

    assert answer.status_code == 400
    assert works(door)


def test_a_signature_of_another_body_opens_nothing(door: Any, ports: Any) -> None:
    if not isinstance(door.way, Hmac):
        pytest.skip("a token is no signature")

    answer = door(door.good, **proof(door.way, b"{}"))

    assert answer.status_code == 401
    assert kept(ports) == 0


def test_twenty_mebibytes_are_too_many(door: Any, ports: Any) -> None:
    answer = door(b'{"a":"' + b"x" * 20 * 1024 * 1024 + b'"}')

    assert answer.status_code == 413
    assert kept(ports) == 0
    assert works(door)


@pytest.mark.parametrize("body", [b"[]", b"null", b"{}", b'{"unknown":{"shape":[1,2,3]}}', b'"text"', b"\xff\xfe", b"", b"[" * 100_000])
def test_an_unknown_shape_is_a_clear_refusal_or_nothing_for_us(door: Any, body: bytes, work_off: Any) -> None:
    answer = door(body)

    assert answer.status_code in (202, 400, 413)
    assert answer.json().get("error") or answer.json().get("ignored") or door.source == "json"
    work_off()
    assert works(door)


@pytest.mark.parametrize("hostile", HOSTILE)
def test_texts_that_are_queries_commands_markup_or_paths_are_only_texts(door: Any, hostile: str, work_off: Any, ports: Any) -> None:
    def spoilt(value: Any) -> Any:
        match value:
            case dict():
                return {key: spoilt(part) for key, part in value.items()}
            case list():
                return [spoilt(part) for part in value]
            case str() if not value.startswith(("rollbot.", "firing", "resolved")) and not value[:4].isdigit():
                return hostile
            case _:
                return value

    answer = door(json.dumps(spoilt(json.loads(door.good))).encode())

    assert answer.status_code in (202, 400)
    work_off()
    assert not ports.store.inbox(ports.repository.name)
    assert all("\x00" not in entry.what for entry in ports.store.entries(""))
    assert works(door)


@pytest.mark.parametrize("year", ["1066", "2999", "0001", "9999"])
def test_times_that_cannot_be_are_the_arrival(door: Any, year: str, work_off: Any, ports: Any) -> None:
    body = door.good.replace(b'"2026-', f'"{year}-'.encode())

    assert door(body).status_code == 202
    work_off()
    for incident in ports.store.incidents():
        assert all(0 < symptom.started <= ports.clock.now() for symptom in incident.symptoms)


@pytest.mark.parametrize(("source", "way"), [each for each in WAYS if isinstance(each[1], Hmac)])
def test_only_sha256_signs(source: str, way: Way, settings: Any, house: Any) -> None:
    import hashlib
    import hmac

    opened = settings.model_copy(update={"hook_tokens": {source: SecretStr(SECRET)}, "github_webhook_secret": (SecretStr(SECRET),)})
    event, good = recorded(source)
    assert isinstance(way, Hmac)
    with TestClient(create_app(opened, house.ports), base_url="http://127.0.0.1") as client:
        for how in ("md5", "sha1", "sha512"):
            made = hmac.new(SECRET.encode(), good, how).hexdigest()
            for text in (f"{how}={made}", f"{way.prefix}{made}", made, way.prefix, f"{way.prefix}{hashlib.sha256(good).hexdigest()}"):
                headers = {way.header: text, "Content-Type": "application/json", "X-GitHub-Event": event, "X-GitHub-Delivery": "d"}
                assert client.post(f"/hooks/{source}", content=good, headers=headers).status_code == 401
