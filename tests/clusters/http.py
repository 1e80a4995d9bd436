"""A JSON API on loopback that can be made to fail: what the stand-ins of clusters are served by."""

from __future__ import annotations

import json
import re
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, unquote, urlsplit

TOKEN = "a-token-of-the-cluster"


@dataclass(frozen=True)
class Fault:
    """Every request that fits answers so: a status, a body cut in the middle, a page that is no JSON, nothing for too long."""

    status: int = 0
    body: bytes = b""
    truncated: bool = False
    hangs: bool = False
    only: str = ""
    """A pattern of `METHOD /path`."""


FAULTS = {
    "401": Fault(401, b'{"error":"invalid session: token is expired","code":16,"message":"invalid session: token is expired"}'),
    "403": Fault(403, b'{"error":"permission denied","code":7,"message":"permission denied: applications, get"}'),
    "500": Fault(500, b"<html>oops</html>"),
    "429": Fault(429, b""),
    "redirect": Fault(307, b""),
    "a page": Fault(200, b"<html>sign in</html>"),
    "a list": Fault(200, b"[]"),
    "an empty object": Fault(200, b"{}"),
    "nulls": Fault(200, b'{"items":null,"metadata":null,"spec":null,"status":null}'),
    "truncated": Fault(truncated=True),
    "hangs": Fault(hangs=True),
}


class Loopback:
    """Subclasses answer: `(status, JSON)`. `asked` is what was asked, as `METHOD /path?query`."""

    def __init__(self) -> None:
        self.token = TOKEN
        self.fault: Fault | None = None
        self.asked: list[str] = []
        self.lock = threading.RLock()
        self._free = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._free.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def answer(self, method: str, path: str, query: dict[str, str], headers: dict[str, str], body: Any) -> tuple[int, Any]:
        raise NotImplementedError

    def serve(self, method: str, target: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes, bool]:
        parts = urlsplit(target)
        with self.lock:
            self.asked.append(f"{method} {target}")
            fault = self.fault if self.fault and re.search(self.fault.only, f"{method} {parts.path}") else None
        if fault is not None and fault.hangs:
            self._free.wait(20)
        if fault is not None and fault.status:
            return fault.status, fault.body, False
        if headers.get("Authorization") != f"Bearer {self.token}":
            return 401, b'{"error":"no session information","code":16,"message":"no session information"}', False
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        with self.lock:
            status, found = self.answer(method, unquote(parts.path), query, headers, json.loads(body) if body else None)
        return status, json.dumps(found).encode(), fault is not None and fault.truncated


def _handler(api: Loopback) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, text, cut = api.serve(self.command, self.path, dict(self.headers), body)
            try:
                self.send_response(status)
                if status == 307:
                    self.send_header("Location", "http://127.0.0.1:9/elsewhere")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text[: len(text) // 2] if cut else text)
            except OSError:
                self.close_connection = True  # whoever asked has gone

        do_GET = do_PATCH = do_DELETE = do_POST = _serve  # noqa: N815

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Keep test output clean."""

    return Handler
