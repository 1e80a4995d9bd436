"""One HTTP server on loopback that behaves as Alertmanager, PagerDuty's events server, a chat and a JSON receiver do, and fails as told."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

ROUTING_KEY = "0123456789abcdef0123456789abcdef"
HOOK = "/services/T0SECRET/B0SECRET"
CONFIG = "route: {receiver: on-call}\nreceivers:\n- name: on-call\n  webhook_configs: [{url: 'http://x'}]\n- name: nobody\n"
DROP, HANG = -1, -2


class StandIn:
    """`failing`: what the next requests are answered instead: a status, DROP (the line is cut after it was taken) or HANG."""

    def __init__(self) -> None:
        self.failing: list[int] = []
        self.requests = 0
        self.alerts: dict[str, dict[str, Any]] = {}
        self.receiver, self.config = "on-call", CONFIG
        self.pages: dict[str, dict[str, Any]] = {}
        self.messages: list[str] = []
        self.now: Callable[[], float] = time.time
        self.released = threading.Event()

    def firing(self, name: str) -> list[dict[str, Any]]:
        """Alerts that stand now, as Alertmanager counts: until their `endsAt`."""
        return [a for a in self.alerts.values() if a["labels"]["alertname"] == name and _time(a["endsAt"]) > self.now()]

    def answer(self, method: str, target: str, body: bytes) -> tuple[int, Any]:
        url = urlsplit(target)
        match method, url.path:
            case "GET", "/am/api/v2/status":
                return 200, {"versionInfo": {"version": "0.28.1"}, "config": {"original": self.config}}
            case "GET", "/am/api/v2/alerts":
                [name] = parse_qs(url.query)["filter"]
                found = self.firing(name.split('"')[1])
                return 200, [{**alert, "receivers": [{"name": self.receiver}]} for alert in found]
            case "POST", "/am/api/v2/alerts":
                return self._alerts(json.loads(body))
            case "POST", "/v2/enqueue":
                return self._event(json.loads(body))
            case "POST", path if path == HOOK:
                text = json.loads(body).get("text")
                return (200, "ok") if text and not self.messages.append(text) else (400, "no_text")
            case "POST", "/json/":
                said = json.loads(body)
                self.messages.append(f"{said['title']}\n{said['message']}")
                return 200, "ok"
            case _:
                return 404, "no_service"

    def _alerts(self, alerts: list[dict[str, Any]]) -> tuple[int, Any]:
        for alert in alerts:
            if not alert["labels"].get("alertname") or not all(isinstance(value, str) for value in alert["labels"].values()):
                return 400, "bad labels"
            self.alerts[json.dumps(alert["labels"], sort_keys=True)] = alert
        return 200, ""

    def _event(self, event: dict[str, Any]) -> tuple[int, Any]:
        errors = [] if event.get("routing_key") == ROUTING_KEY else ["Invalid routing key"]
        if event["event_action"] == "trigger":
            wanted = {"summary", "source", "severity"}
            errors += [f"'payload.{name}' is missing" for name in wanted - {k for k, v in event.get("payload", {}).items() if v}]
            errors += ["'summary' is too long"] if len(event.get("payload", {}).get("summary", "")) > 1024 else []
        if errors or len(event.get("dedup_key", "")) > 255:
            return 400, {"status": "invalid event", "message": "Event object is invalid", "errors": errors}
        match event["event_action"]:
            case "trigger":
                self.pages[event["dedup_key"]] = {**event["payload"], "status": "triggered"}
            case "acknowledge" if event["dedup_key"] in self.pages:
                self.pages[event["dedup_key"]]["status"] = "acknowledged"
            case "resolve":
                self.pages.pop(event["dedup_key"], None)
        return 202, {"status": "success", "message": "Event processed", "dedup_key": event["dedup_key"]}


@contextmanager
def standing_in() -> Iterator[tuple[StandIn, str]]:
    stand = StandIn()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 5

        def do_GET(self) -> None:
            self._serve("GET")

        def do_POST(self) -> None:
            self._serve("POST")

        def _serve(self, method: str) -> None:
            stand.requests += 1
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            how = stand.failing.pop(0) if stand.failing else 0
            if how == HANG:
                stand.released.wait(10)
                self.close_connection = True
                return
            status, said = (how, "as told") if how > 0 else stand.answer(method, self.path, body)
            if how == DROP:
                self.close_connection = True
                return
            text = said.encode() if isinstance(said, str) else json.dumps(said).encode()
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("Location", "http://127.0.0.1:1/elsewhere")
            self.send_header("Content-Type", "text/plain" if isinstance(said, str) else "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), name="stand-in")
    thread.start()
    try:
        yield stand, f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        stand.released.set()
        server.shutdown()
        server.server_close()
        thread.join()


def _time(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
