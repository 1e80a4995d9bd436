import json
import logging

import pytest
from starlette.testclient import TestClient

from bot.incidents.correlate import MOST_SYMPTOMS
from bot.web.app import create_app

TOO_LARGE = 8 * 1024 * 1024 + 1


def test_a_delivery_is_stored_queued_and_answered_at_once(send, alert, ports, house):
    answer = send(alert())

    assert answer.status_code == 202
    [delivery] = ports.store.inbox(ports.repository.name)
    assert (delivery.source, delivery.body) == ("alertmanager", alert().encode())
    assert house.rows.take(delivery.received + 1, delivery.received + 2, "w") == f"inbox:{ports.repository.name}"


def test_the_same_delivery_again_is_one(send, alert, ports):
    assert [send(alert()).status_code for _ in range(3)] == [202, 202, 202]

    assert len(ports.store.inbox(ports.repository.name)) == 1


@pytest.mark.parametrize(
    ("headers", "body", "status", "says"),
    [
        pytest.param({"Authorization": ""}, "{}", 401, "Bearer", id="no token"),
        pytest.param({"Authorization": "Bearer wrong"}, "{}", 401, "Bearer", id="wrong token"),
        pytest.param({"Authorization": "Basic aG9vay10b2tlbg=="}, "{}", 401, "Bearer", id="another scheme"),
        pytest.param({"Content-Type": "text/plain"}, "{}", 415, "application/json", id="not said to be JSON"),
        pytest.param({"Content-Encoding": "gzip"}, "{}", 415, "not compressed", id="compressed"),
        pytest.param({"Content-Length": str(TOO_LARGE)}, "{}", 413, "larger", id="said to be too large"),
        pytest.param({}, b"\xff\xfe{", 400, "no JSON", id="not JSON"),
        pytest.param({}, "[" * 200_000, 400, "no JSON", id="nested beyond reason"),
        pytest.param({}, "", 400, "no JSON", id="empty"),
    ],
)
def test_what_is_turned_away_is_told_why_and_not_stored(send, ports, headers, body, status, says):
    answer = send(body, **headers)

    assert (answer.status_code, says in answer.json()["error"]) == (status, True)
    assert not ports.store.inbox(ports.repository.name)


def test_a_body_that_does_not_end_is_cut_off_while_it_comes(send, ports):
    def endless():
        for _ in range(20):
            yield b" " * 1024 * 1024

    answer = send(endless())

    assert answer.status_code == 413
    assert not ports.store.inbox(ports.repository.name)


@pytest.mark.parametrize("body", ["[]", "{}", '{"status": "firing"}', '{"status": "on fire", "alerts": []}', '"alert"', "null"])
def test_json_of_unknown_shape_is_refused_clearly_but_kept(send, ports, work_off, body, caplog):
    with caplog.at_level(logging.WARNING, "rollbot.hooks"):
        answer = send(body)

    assert answer.status_code == 400
    assert "not an Alertmanager payload" in answer.json()["error"]
    assert "not understood" in caplog.text
    assert [delivery.body for delivery in ports.store.inbox(ports.repository.name)] == [body.encode()]
    work_off()
    assert any("cannot be read" in entry.what for entry in ports.store.entries(""))


def test_sources_that_are_not_there_and_doors_without_a_token(client, send, settings, house):
    answer = send("{}", source="nagios")
    assert (answer.status_code, "alertmanager" in answer.json()["error"]) == (404, True)

    closed = TestClient(create_app(settings.model_copy(update={"hook_tokens": {}}), house.ports))
    answer = closed.post("/hooks/alertmanager", json={})
    assert (answer.status_code, "ROLLBOT_HOOK_TOKEN_ALERTMANAGER" in answer.json()["error"]) == (401, True)


def test_an_unknown_repository_is_named_with_those_there_are(client, alert):
    answer = client.post(
        "/hooks/alertmanager?repository=git.example/x",
        content=alert(),
        headers={"Authorization": "Bearer hook-token-0123456789", "Content-Type": "application/json"},
    )

    assert (answer.status_code, "shop" in answer.json()["error"]) == (404, True)


def test_a_door_without_get_says_so(client):
    assert client.get("/hooks/alertmanager").status_code == 405


def test_ten_thousand_alerts_in_one_delivery_are_taken_as_far_as_they_go_and_the_rest_is_told(send, ports, work_off):
    labels = {"alertname": "Errors", "service": "checkout", "environment": "prod", "severity": "critical"}
    alerts = [{"status": "firing", "labels": {**labels, "pod": f"checkout-{n}"}, "fingerprint": f"{n:016x}"} for n in range(10_000)]

    answer = send(json.dumps({"status": "firing", "alerts": alerts}))
    work_off()

    assert answer.status_code == 202
    [incident] = ports.store.incidents()
    assert len(incident.symptoms) == MOST_SYMPTOMS
    assert [entry.what for entry in ports.store.entries("")] == ["alertmanager left 8000 alerts out of a delivery"]
