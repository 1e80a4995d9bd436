"""Alertmanager's API, asked over HTTP of a server that answers as its description says."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from bot.adapters.alerts.alertmanager import CHUNK, AlertmanagerAlerts
from bot.errors import Unavailable
from bot.signals.alertmanager import parse


class Server:
    """Keeps what `/api/v2/alerts` answers."""

    def __init__(self) -> None:
        self.status, self.body = 200, b"[]"
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(server.status if self.path.startswith("/am/api/v2/alerts?") else 404)
                self.send_header("Content-Length", str(len(server.body)))
                self.end_headers()
                self.wfile.write(server.body)

            def log_message(self, *_: object) -> None: ...

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._http.server_port}/am/"
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def close(self) -> None:
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()

    def answer(self, *alerts: dict[str, Any]) -> None:
        self.body = json.dumps(alerts).encode()


def an_alert(fingerprint: str = "c6eadffa33fcdf37", state: str = "active", **status: list[str]) -> dict[str, Any]:
    return {
        "annotations": {"summary": "checkout fails"},
        "endsAt": "2026-11-20T03:08:05.123Z",
        "fingerprint": fingerprint,
        "receivers": [{"name": "rollbot"}],
        "startsAt": "2026-11-20T03:04:05.123Z",
        "status": {"inhibitedBy": [], "mutedBy": [], "silencedBy": [], "state": state, **status},
        "updatedAt": "2026-11-20T03:04:05.123Z",
        "generatorURL": "http://prometheus.example.org/graph",
        "labels": {"alertname": "HighErrorRate", "service": "checkout"},
    }


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()


@pytest.mark.parametrize(
    ("alert", "why"),
    [
        pytest.param(an_alert(), None, id="active"),
        pytest.param(an_alert(state="suppressed", silencedBy=["7d8d"]), "silenced by 7d8d", id="silenced"),
        pytest.param(an_alert(state="suppressed", inhibitedBy=["ab12"]), "inhibited by the alert ab12", id="inhibited"),
        pytest.param(an_alert(state="suppressed", mutedBy=["nights"]), "muted by the time interval nights", id="muted"),
        pytest.param(an_alert("another", "suppressed", silencedBy=["7d8d"]), None, id="another alert"),
    ],
)
def test_why_an_alert_is_kept_quiet(server: Server, alert: dict[str, Any], why: str | None) -> None:
    server.answer(alert)

    assert AlertmanagerAlerts(server.url).muted("c6eadffa33fcdf37") == why


def test_what_fires_is_told_as_the_webhook_tells_it(server: Server) -> None:
    server.answer(an_alert(), an_alert("quiet", "suppressed", silencedBy=["x"]))
    webhook = {"startsAt": "2026-11-20T03:04:05.123456789Z", "status": "firing"} | {
        key: an_alert()[key] for key in ("labels", "annotations", "fingerprint")
    }

    (body,) = AlertmanagerAlerts(server.url).firing()

    (told,) = parse(body, 1_800_000_000.0)
    (heard,) = parse(json.dumps({"status": "firing", "alerts": [webhook]}).encode(), 1_800_000_000.0)
    assert told.instance == heard.instance  # though the API says milliseconds and the webhook nanoseconds
    assert (told.name, told.annotations, told.generator_url) == (
        "HighErrorRate",
        {"summary": "checkout fails"},
        "http://prometheus.example.org/graph",
    )


def test_many_come_in_several_bodies(server: Server) -> None:
    server.answer(*(an_alert(f"{number:x}") for number in range(10_000)))

    bodies = AlertmanagerAlerts(server.url).firing()

    assert len(bodies) == 10_000 / CHUNK
    assert len({alert.fingerprint for body in bodies for alert in parse(body, 1_800_000_000.0)}) == 10_000


@pytest.mark.parametrize(
    ("status", "body", "says"),
    [
        (500, b"", "answered 500"),
        (200, b"<html>", "no answer of its API"),
        (200, b'{"a":1}', "no answer of its API"),
        (404, b"", "answered 404"),
    ],
)
def test_what_is_no_answer_is_unavailable(server: Server, status: int, body: bytes, says: str) -> None:
    server.status, server.body = status, body

    with pytest.raises(Unavailable, match=says):
        AlertmanagerAlerts(server.url).muted("x")


def test_nobody_there_is_unavailable() -> None:
    with pytest.raises(Unavailable, match="did not answer"):
        AlertmanagerAlerts("http://127.0.0.1:1").firing()
