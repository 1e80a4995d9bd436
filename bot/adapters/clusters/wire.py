"""JSON over HTTP with a bearer token: an answer, or Unavailable (again later), or Refused (do not)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.auth import AuthBase

from bot.errors import Refused, Unavailable

LARGEST = 64 * 1024 * 1024
"""A list of some thousand Applications is a few MiB; what is larger is no answer to us."""
_TOLD = 300


class Absent(Refused):
    """What was asked for is not there (404)."""


class Wire:
    """One API at one address. `token` is asked at every request, since service account tokens change; `verify` is a CA file.

    No redirect is followed (a token is not carried elsewhere) and no `.netrc` is read.
    """

    def __init__(
        self, url: str, name: str, token: Callable[[], str] | None = None, verify: str | bool = True, timeout: float = 10.0
    ) -> None:
        self.url, self.timeout, self._auth = url.rstrip("/"), timeout, _Bearer(token)
        self.shown = f"{name} at {urlsplit(self.url).hostname or 'its address'}"
        self.session = requests.Session()
        self.session.verify = verify

    def get(self, path: str, params: Mapping[str, str] | None = None, timeout: float | None = None) -> dict[str, Any]:
        return self.call("GET", path, params, timeout=timeout)

    def call(
        self,
        method: str,
        path: str,
        params: Mapping[str, str] | None = None,
        body: Any = None,
        content: str = "application/json",
        timeout: float | None = None,
    ) -> dict[str, Any]:
        """Return the JSON object that it answers. Raises Absent, Refused, Unavailable."""
        wait = (self.timeout, timeout or self.timeout)
        headers = {"Accept": "application/json"} | ({} if body is None else {"Content-Type": content})
        sent = None if body is None else json.dumps(body).encode()
        try:
            with self.session.request(
                method,
                self.url + path,
                params=params,
                data=sent,
                headers=headers,
                auth=self._auth,
                timeout=wait,
                stream=True,
                allow_redirects=False,
            ) as answer:
                return self._read(answer.status_code, _text(answer))
        except (requests.RequestException, OSError) as error:
            raise Unavailable(f"{self.shown} did not answer: {type(error).__name__}") from error

    def _read(self, status: int, text: bytes | None) -> dict[str, Any]:
        if status >= 300:
            raise self._failed(status, text or b"")
        if text is None:
            raise Unavailable(f"{self.shown} answered more than {LARGEST // 1024 // 1024} MiB")
        try:
            found = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise Unavailable(f"{self.shown} answered something that is no JSON") from error
        if not isinstance(found, dict):
            raise Unavailable(f"{self.shown} answered something that is no answer of its API")
        return found

    def _failed(self, status: int, text: bytes) -> Refused | Unavailable:
        what = f"{self.shown} answered {status}{_said(text)}"
        if status == 404:
            return Absent(what)
        if status in (408, 409, 425, 429) or status >= 500:
            return Unavailable(what)
        return Refused(f"{what}: redirects are not followed" if status < 400 else what)


class _Bearer(AuthBase):
    def __init__(self, token: Callable[[], str] | None) -> None:
        self.token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self.token is not None:
            request.headers["Authorization"] = f"Bearer {self.token()}"
        return request


def _text(answer: requests.Response) -> bytes | None:
    """The body, None where it is larger than we read."""
    parts, size = [], 0
    for part in answer.iter_content(256 * 1024):
        size += len(part)
        if size > LARGEST:
            return None
        parts.append(part)
    return b"".join(parts)


def _said(text: bytes) -> str:
    """What an API says of its refusal (`message` both of Argo CD's gateway and of a Kubernetes Status), on one line."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return ""
    said = found.get("message") or found.get("error") if isinstance(found, dict) else None
    return f": {one_line(said)}" if isinstance(said, str) and said else ""


def one_line(text: str) -> str:
    """Strangers' text on one short line, without anything that moves a cursor."""
    plain = "".join(character if character.isprintable() else " " for character in text[: 4 * _TOLD])
    plain = " ".join(plain.split())
    return plain if len(plain) <= _TOLD else plain[: _TOLD - 1] + "…"
