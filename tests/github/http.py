"""The wire: REST, GraphQL and Git over real HTTP, with the faults that were asked for."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import os
import socket
import subprocess
import time
import uuid
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.github import graphql, pushes, reads, rights
from tests.github.kinds import made_whole
from tests.github.quota import NOBODY
from tests.github.state import NOWHERE, QUIET, Answer, Crossed, Unknown

if TYPE_CHECKING:
    from tests.github.server import FakeGitHub

INSTEAD: dict[str, tuple[int, str, dict[str, str]]] = {
    "403_secondary": (403, "You have exceeded a secondary rate limit. Please wait a few minutes.", {"Retry-After": "1"}),
    "429": (429, "Too many requests", {"Retry-After": "1"}),
    "500_before": (500, "Server Error", {}),
    "rate_limited": (200, "API rate limit exceeded", {"Retry-After": "1"}),
    "404_once": (404, "Not Found", {}),
}
KINDS = {*INSTEAD, "cut_before", "cut_after", "502_after", "stale", "latency"}


class Handler(BaseHTTPRequestHandler):
    hub: FakeGitHub
    protocol_version = "HTTP/1.1"
    timeout = 5  # a connection kept alive for longer would keep the server from ending
    wbufsize = -1
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self._serve()

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name in the base class
        """Say nothing: what matters is in the answers."""

    def _serve(self) -> None:
        start, body, path = time.perf_counter(), self._body(), urlsplit(self.path).path
        what = f"{self.command} {path.removeprefix('/api/v3')}"
        if path == "/api/graphql":
            what = f"{what} {graphql.operation(json.loads(body)['query'])}"
        struck = self.hub.struck(what)
        fault = struck.kind if struck else None
        if struck and fault == "latency":
            time.sleep(struck.seconds)
        if fault == "cut_before":
            self._cut()
            return
        if fault in INSTEAD:
            status, message, headers = INSTEAD[fault]
            said: Any = {"errors": [{"type": "RATE_LIMITED", "message": message}]} if status == 200 else {"message": message}
        elif path.startswith("/api/"):
            with self.hub.lock:
                status, said, headers = self._api(path, body)
                status, said = self._remembered(fault, status, said)
        else:
            status, said, headers = self._git(body)
        if self.command != "GET" and not path.endswith("git-upload-pack"):
            self._noticed(path, body)
        status, said, headers = self._conditional(status, said, headers)
        headers = self._counted(path, status, headers)
        query, ended = urlsplit(self.path).query, time.perf_counter()
        self.hub.record(Crossed(self.command, path, query, status, body, said, ended - start, ended))
        if fault == "cut_after":
            self._cut()
        elif fault == "502_after":
            self._send(502, {"message": "Bad Gateway"}, headers)
        else:
            self._send(status, said, headers)

    def _counted(self, path: str, status: int, headers: Mapping[str, str]) -> Mapping[str, str]:
        """What every answer says: its own name, and what is left of the rate limit. To ask for that, and a 304, cost nothing."""
        named = {"X-GitHub-Request-Id": uuid.uuid4().hex[:16].upper(), **headers}
        if not path.startswith("/api/"):
            return named
        with self.hub.lock:
            who, resource = self._account(path)
            if status != 304 and not path.endswith("/rate_limit"):
                self.hub.quota.charge(who, resource)
            return {**self.hub.quota.headers(who, resource), **named}

    def _account(self, path: str) -> tuple[str, str]:
        """Who pays, and out of what; an App that shows itself pays for itself."""
        token = self._token()
        who = "app" if token.count(".") == 2 else self.hub.holder(token) or NOBODY
        return who, "graphql" if path == "/api/graphql" else "core"

    def _spent(self, path: str) -> bool:
        """Whether the hour's rate limit is used up."""
        return self.hub.quota.spent(*self._account(path)) and not path.endswith("/rate_limit")

    def _noticed(self, path: str, body: bytes) -> None:
        """What a write has changed, webhooks tell."""
        me = self.hub.holder(self._token())
        where = body.decode(errors="replace") if path == "/api/graphql" else path
        name = max((name for name in self.hub.repos if name in where), key=len, default=None)
        if me is not None and name is not None:
            self.hub.webhooks.look(name, me)

    def _token(self) -> str:
        kind, _, secret = (self.headers.get("Authorization") or "").partition(" ")
        return base64.b64decode(secret).decode().rpartition(":")[2] if kind == "Basic" else secret

    def _conditional(self, status: int, said: Any, headers: Mapping[str, str]) -> tuple[int, Any, Mapping[str, str]]:
        """What the asker has already is not sent again."""
        if self.command != "GET" or status != 200 or isinstance(said, bytes):
            return status, said, headers
        tag = f'"{hashlib.sha256(json.dumps(said).encode()).hexdigest()}"'
        if self.headers.get("If-None-Match") == tag:
            return 304, None, {"ETag": tag}
        return 200, said, {**headers, "ETag": tag}

    def _remembered(self, fault: str | None, status: int, said: Any) -> tuple[int, Any]:
        """A stale read answers what the same read answered before the last write."""
        if self.command != "GET":
            return status, said
        fresh = self.hub.remember(self.path, (status, said))
        return fresh if fault == "stale" else (status, said)

    def _api(self, path: str, body: bytes) -> tuple[int, Any, dict[str, str]]:
        kind, _, token = (self.headers.get("Authorization") or "").partition(" ")
        try:
            if self._spent(path):
                return _too_many(path == "/api/graphql")
            said = _parsed(body)
            if kind == "Bearer" and token.count(".") == 2:
                status, found = self.hub.apps.answer(token, self.command, path.removeprefix("/api/v3"))
                return status, made_whole(self.command, path.removeprefix("/api/v3"), found, self.hub.api), {}
            me = self.hub.holder(token)
            if me is None:
                raise Answer(401, "Bad credentials")
            if path == "/api/graphql":
                return 200, self._graphql(me, said), {}
            query = dict(parse_qsl(urlsplit(self.path).query))
            status, found = reads.answer(self.hub, me, self.command, path.removeprefix("/api/v3"), query, said)
            status, found, headers = self._paged(status, found, query)
            return status, made_whole(self.command, path.removeprefix("/api/v3"), found, self.hub.api), headers
        except Answer as error:
            about = NOWHERE if isinstance(error, Unknown) else f"{NOWHERE}/reference"
            refusal = {"message": error.message, "documentation_url": about}
            return error.status, {**refusal, **({"errors": error.errors} if error.errors else {})}, {}

    def _paged(self, status: int, found: Any, query: Mapping[str, str]) -> tuple[int, Any, dict[str, str]]:
        """One page of a list, and where the next one is."""
        if self.command != "GET" or not isinstance(found, list):
            return status, found, {}
        size, page = int(query.get("per_page", 30)), int(query.get("page", 1))
        more = len(found) > size * page
        link = {"Link": f'<{self.hub.address}{self.path}>; rel="next"'} if more else {}
        return status, found[size * (page - 1) : size * page], link

    def _graphql(self, me: str, said: Any) -> Any:
        try:
            return {"data": graphql.answer(self.hub, me, said["query"], said.get("variables") or {})}
        except Answer as error:
            return {"data": None, "errors": [{"type": error.kind, "message": error.message}]}

    def _git(self, body: bytes) -> tuple[int, bytes, dict[str, str]]:
        """Hand it to `git http-backend`, for those with a token."""
        secret = (self.headers.get("Authorization") or "").removeprefix("Basic ")
        password = base64.b64decode(secret).decode().rpartition(":")[2] if secret else ""
        if self.hub.holder(password) is None:
            return 401, b"", {"WWW-Authenticate": 'Basic realm="GitHub"'}
        url, me = urlsplit(self.path), self.hub.tokens[password]
        repo = self.hub.repos.get(url.path.partition(".git/")[0].strip("/"))
        if refused := rights.git(self.hub, me, repo, "git-receive-pack" in self.path):
            return refused[0], f"{refused[1]}\n".encode(), {"Content-Type": "text/plain; charset=utf-8"}
        environment = {
            "PATH": os.environ["PATH"],
            **QUIET,
            "GIT_CONFIG_COUNT": "2",
            "GIT_CONFIG_KEY_0": "http.receivepack",
            "GIT_CONFIG_VALUE_0": "true",
            "GIT_CONFIG_KEY_1": "safe.directory",
            "GIT_CONFIG_VALUE_1": "*",
            "GIT_PROJECT_ROOT": str(self.hub.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            "PATH_INFO": unquote(url.path),
            "QUERY_STRING": url.query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "REMOTE_ADDR": "127.0.0.1",
        }
        if repo and url.path.endswith("/git-receive-pack"):
            environment |= pushes.guarded(repo, me, body)
        done = subprocess.run(["git", "http-backend"], env=environment, input=body, capture_output=True, timeout=60)
        head, _, answer = done.stdout.partition(b"\r\n\r\n")
        fields = dict(row.split(": ", 1) for row in head.decode("latin-1").split("\r\n") if ": " in row)
        status = int(fields.pop("Status", "200").split()[0])
        return status, answer, {name: value for name, value in fields.items() if name != "Content-Length"}

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            body = b""
            while size := int(self.rfile.readline().split(b";")[0], 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        return gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body

    def _cut(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def _send(self, status: int, said: Any, headers: Mapping[str, str]) -> None:
        out = said if isinstance(said, bytes) else b"" if said is None else json.dumps(said).encode()
        fields = dict(headers)
        if not isinstance(said, bytes):
            fields["Content-Type"] = "application/json; charset=utf-8"
        self.send_response(status)
        for name, value in fields.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(out)))
        self.end_headers()
        self.wfile.write(out)
        self.wfile.flush()


def _too_many(graphql: bool) -> tuple[int, Any, dict[str, str]]:
    message = "API rate limit exceeded."
    if graphql:  # which answers 200 whatever happens
        return 200, {"errors": [{"type": "RATE_LIMITED", "message": message}]}, {}
    return 403, {"message": message, "documentation_url": f"{NOWHERE}/rate-limit"}, {}


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body) if body else None
    except ValueError:
        raise Answer(400, "Problems parsing JSON") from None
