"""Grafana's signature over a time of sending: old deliveries cannot be sent again by somebody else."""

from __future__ import annotations

import hashlib
import hmac

import pytest
from pydantic import SecretStr
from starlette.testclient import TestClient

from bot.web.app import create_app

SECRET = "hook-secret-0123456789"
BODY = b'{"status":"firing","alerts":[]}'


def stamped(stamp: str, body: bytes = BODY) -> dict[str, str]:
    made = hmac.new(SECRET.encode(), f"{stamp}:".encode() + body, hashlib.sha256).hexdigest()
    return {"X-Grafana-Alerting-Signature": made, "X-Grafana-Alerting-Timestamp": stamp, "Content-Type": "application/json"}


@pytest.fixture
def client(settings, house):
    opened = settings.model_copy(update={"hook_tokens": {"grafana": SecretStr(SECRET)}})
    with TestClient(create_app(opened, house.ports), base_url="http://127.0.0.1") as made:
        yield made


@pytest.mark.parametrize(
    ("ago", "status"),
    [pytest.param(5, 202, id="now"), pytest.param(3600, 401, id="an hour ago"), pytest.param(-3600, 401, id="in an hour")],
)
def test_the_signed_time_must_be_now(client, ports, ago, status):
    answer = client.post("/hooks/grafana", content=BODY, headers=stamped(str(int(ports.clock.now()) - ago)))

    assert answer.status_code == status
    assert status == 202 or "X-Grafana-Alerting-Timestamp" in answer.json()["error"]


@pytest.mark.parametrize("stamp", ["", "soon", "1e9", "-5", "9" * 40])
def test_a_time_that_is_none_opens_nothing(client, stamp):
    assert client.post("/hooks/grafana", content=BODY, headers=stamped(stamp)).status_code == 401


def test_without_its_time_the_signature_is_of_something_else(client, ports):
    headers = stamped(str(int(ports.clock.now())))
    del headers["X-Grafana-Alerting-Timestamp"]

    assert client.post("/hooks/grafana", content=BODY, headers=headers).status_code == 401
