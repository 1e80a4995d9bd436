"""A Prometheus that speaks its HTTP API on loopback: rules, alerts and series are what a test puts into it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest


class StandIn:
    def __init__(self) -> None:
        self.rules: list[dict[str, Any]] = []
        self.alerts: list[dict[str, Any]] = []
        self.series: dict[str, list[tuple[dict[str, str], list[tuple[float, str]]]]] = {}
        """Series by the exact text of the query."""
        self.broken: tuple[int, bytes] | None = None
        self.headers: list[dict[str, str]] = []

    def answer(self, path: str, query: dict[str, str]) -> tuple[int, bytes]:
        if self.broken:
            return self.broken
        if path == "/api/v1/rules":
            kinds = {"alert": "alerting", "record": "recording"}
            rules = [rule for rule in self.rules if rule["type"] == kinds[query["type"]]]
            return self._good({"groups": [{"name": "all", "rules": rules}]})
        if path == "/api/v1/alerts":
            return self._good({"alerts": self.alerts})
        if path == "/api/v1/query":
            if query["query"] not in self.series:
                return 400, b'{"status":"error","errorType":"bad_data","error":"parse error"}'
            now = [{"metric": labels, "value": points[-1]} for labels, points in self.series[query["query"]]]
            return self._good({"resultType": "vector", "result": now})
        if path == "/api/v1/query_range":
            start, end = float(query["start"]), float(query["end"])
            if (end - start) / float(query["step"]) > 11000:
                return 400, b'{"status":"error","errorType":"bad_data","error":"exceeded maximum resolution of 11,000 points"}'
            if query["query"] not in self.series:
                return 400, b'{"status":"error","errorType":"bad_data","error":"parse error"}'
            found = [
                {"metric": labels, "values": [[at, value] for at, value in points if start <= at <= end]}
                for labels, points in self.series[query["query"]]
            ]
            return self._good({"resultType": "matrix", "result": found})
        return 404, b"no such page"

    def _good(self, data: Any) -> tuple[int, bytes]:
        return 200, json.dumps({"status": "success", "data": data}).encode()


def _handler(standin: StandIn) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            standin.headers.append(dict(self.headers))
            status, body = standin.answer(parts.path, {name: values[0] for name, values in parse_qs(parts.query).items()})
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Keep test output clean."""

    return Handler


@pytest.fixture
def standin() -> StandIn:
    return StandIn()


@pytest.fixture
def url(standin: StandIn) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(standin))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()
