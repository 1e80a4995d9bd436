"""Flagger's door and gate: a secret in the address or the body, and no unless we believe it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from pydantic import SecretStr
from starlette.testclient import TestClient

from bot.errors import Unavailable
from bot.incidents.incident import Action, Incident, Kind
from bot.incidents.lifecycle import State
from bot.policy.words import Hold
from bot.reconciler.standing import hold
from bot.refs import ServiceRef
from bot.web.app import create_app

SECRET = "hook-secret-0123456789"


@pytest.fixture
def client(settings, house):
    opened = settings.model_copy(update={"hook_tokens": {"flagger": SecretStr(SECRET)}})
    with TestClient(create_app(opened, house.ports), base_url="http://127.0.0.1") as made:
        yield made


def canary(token: str | None = SECRET, **changes: object) -> dict[str, object]:
    metadata = {"env": "prod", **({"token": token} if token else {})}
    return {"name": "checkout", "namespace": "shop", "phase": "Failed", "checksum": "85d557f47b", "metadata": metadata, **changes}


def test_the_secret_may_stand_in_the_body_and_is_not_kept(client, ports):
    assert client.post("/hooks/flagger", json=canary()).status_code == 202

    [delivery] = ports.store.inbox(ports.repository.name)
    assert SECRET.encode() not in delivery.body
    assert json.loads(delivery.body)["name"] == "checkout"


@pytest.mark.parametrize(
    ("path", "token"),
    [
        pytest.param("", None, id="none"),
        pytest.param("", "wrong-secret-0123456789", id="a wrong one in the body"),
        pytest.param("/wrong-secret-0123456789", SECRET, id="a wrong one in the address"),
        pytest.param("/rollback", None, id="the gate, none"),
        pytest.param("/wrong-secret-0123456789/rollback", None, id="the gate, a wrong one"),
    ],
)
def test_without_the_secret_nothing_opens(client, ports, path, token):
    answer = client.post(f"/hooks/flagger{path}", json=canary(token))

    assert (answer.status_code, "metadata.token" in answer.json()["error"]) == (401, True)
    assert not ports.store.inbox(ports.repository.name)


@pytest.mark.parametrize("metadata", [None, [], "x", {"token": 5}, {"token": None}, {"token": {"a": 1}}])
def test_a_secret_of_another_shape_is_none(client, metadata):
    assert client.post("/hooks/flagger", json=canary() | {"metadata": metadata}).status_code == 401


def test_what_is_read_before_it_is_verified_is_small(client):
    assert client.post("/hooks/flagger", json=canary(padding="x" * 70_000)).status_code == 413


def test_other_doors_take_no_secret_in_their_address(settings, house):
    opened = settings.model_copy(update={"hook_tokens": {"alertmanager": SecretStr(SECRET)}})
    with TestClient(create_app(opened, house.ports)) as client:
        assert client.post(f"/hooks/alertmanager/{SECRET}", json={}).status_code == 401


@pytest.fixture
def incident(ports):
    def kept(state: State, mode: str = "merge", kind: Kind = Kind.ROLLBACK) -> None:
        now = ports.clock.now()
        action = Action(kind, None, version="2.8.0", mode=mode)
        ports.store.save(Incident("i-1", ServiceRef(ports.repository.name, "prod", "checkout"), now, state, actions=(action,), due=now))

    return kept


def ask(client):
    return client.post("/hooks/flagger/rollback", json=canary(phase="Progressing"))


@pytest.mark.parametrize("state", [State.ADMITTED, State.PROPOSED])
def test_the_gate_opens_while_we_roll_back_ourselves(client, incident, ports, state):
    incident(state)

    answers = [ask(client) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert [entry.what for entry in ports.store.entries("")] == ["the gate of flagger was opened for prod/checkout"]


def test_without_an_incident_the_answer_is_no(client):
    answer = ask(client)

    assert (answer.status_code, answer.json()["error"]) == (403, "no: no incident of prod/checkout is open")


@pytest.mark.parametrize(
    ("state", "mode", "kind", "why"),
    [
        pytest.param(State.OPENED, "merge", Kind.ROLLBACK, "no rollback is under way", id="not decided"),
        pytest.param(State.MERGED, "merge", Kind.ROLLBACK, "no rollback is under way", id="what runs is our own rollback"),
        pytest.param(State.PROPOSED, "propose", Kind.ROLLBACK, "waits for a person", id="only proposed"),
        pytest.param(State.ADMITTED, "merge", Kind.UNDO, "no rollback is under way", id="an undo"),
    ],
)
def test_whatever_is_not_a_rollback_of_ours_is_no(client, incident, state, mode, kind, why):
    incident(state, mode, kind)

    answer = ask(client)

    assert (answer.status_code, why in answer.json()["error"]) == (403, True)


def test_a_hold_keeps_the_gate_shut(client, incident, ports):
    incident(State.ADMITTED)
    now = ports.clock.now()
    hold(ports.store, ports.repository.name, Hold("h", "ada", now - 1, now + 3600))

    assert (ask(client).status_code, "ada holds" in ask(client).json()["error"]) == (403, True)


def test_stop_keeps_the_gate_shut(client, incident, origin):
    from bot.world import story

    incident(State.ADMITTED)
    origin.tell([story.commit({"author": "Ada <a@x>", "message": "Stop", "files": {".rollbot/stop": "wait\n"}}, 1_900_000_000.0)])

    assert (ask(client).status_code, "stopped" in ask(client).json()["error"]) == (403, True)


def onward(client, **changes):
    return client.post("/hooks/flagger/forward", json=canary(phase="Progressing", **changes))


@pytest.mark.parametrize(
    ("state", "mode", "kind", "opens"),
    [
        pytest.param(State.DECIDED, "", Kind.ROLLBACK, False, id="decided"),
        pytest.param(State.PROPOSED, "propose", Kind.ROLLBACK, False, id="only proposed"),
        pytest.param(State.MERGED, "merge", Kind.ROLLBACK, True, id="what runs is our own rollback"),
        pytest.param(State.ADMITTED, "merge", Kind.UNDO, True, id="an undo"),
    ],
)
def test_a_canary_gets_no_more_traffic_while_it_is_rolled_back(client, incident, ports, state, mode, kind, opens):
    incident(state, mode, kind)

    answers = [onward(client) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200 if opens else 403] * 2
    assert len(ports.store.entries("")) == (not opens), "it is recorded once"


def test_a_canary_nobody_speaks_against_goes_on(client, ports):
    assert [onward(client).status_code, onward(client, name="nobody", namespace="nowhere").status_code] == [200, 200]
    assert not ports.store.entries("")


def test_who_has_no_secret_is_told_nothing(client):
    assert client.post("/hooks/flagger/forward", json=canary(token=None)).status_code == 401


def test_a_canary_of_nobody_and_no_canary(client):
    assert client.post("/hooks/flagger/rollback", json=canary(name="nobody", namespace="nowhere")).status_code == 403
    assert client.post(f"/hooks/flagger/{SECRET}/rollback", json={"name": "x"}).status_code == 400


def test_a_repository_that_cannot_be_read_is_no_yes(settings, house, incident):
    incident(State.ADMITTED)
    [(name, ports)] = house.ports.items()

    class Away(type(ports.repository)):  # type: ignore[misc]
        def fetch(self):
            raise Unavailable("the Git server is away")

    away = ports.repository
    away.__class__ = Away
    opened = settings.model_copy(update={"hook_tokens": {"flagger": SecretStr(SECRET)}})
    with TestClient(create_app(opened, {name: replace(ports, repository=away)})) as client:
        assert ask(client).status_code == 503
