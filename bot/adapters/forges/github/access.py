"""A token, or a GitHub App's id and private key → the token to show now, and who we are to GitHub."""

from __future__ import annotations

import threading
from datetime import datetime
from typing import Any, Protocol

import jwt
from github.Auth import AppAuth

from bot.adapters.forges.github.answers import Response, Unclear, denied
from bot.adapters.forges.github.pace import Timing
from bot.adapters.forges.github.wire import Shown, Wire
from bot.errors import BadConfig, Unavailable

EARLY = 300.0
"""A token is renewed this many seconds before it expires."""

_TRIES = 3


class Access(Protocol):
    def token(self) -> str:
        """The token that is valid now. Raises Unavailable or Refused where none can be had."""
        ...

    def renew(self, turned_down: str) -> bool:
        """Forget a token that GitHub turned down; False where there is no other to be had."""
        ...

    def app(self) -> Any:
        """What GitHub knows of our App, None where we are none."""
        ...

    def close(self) -> None: ...


class TokenAccess:
    """A token that was handed to us: a person's, a machine user's, or that of a workflow run."""

    def __init__(self, token: str) -> None:
        self._token = token

    def token(self) -> str:
        return self._token

    def renew(self, turned_down: str) -> bool:
        return False

    def app(self) -> Any:
        return None

    def close(self) -> None:
        """Nothing is open."""


class AppAccess:
    """An App's installation on a repository: signs for a token that lasts an hour, and for the next one before it ends."""

    def __init__(self, api: str, app_id: str, key: str, repository: str, timing: Timing) -> None:
        """`key` is PEM. Raises BadConfig where it is no private key; the text never holds any of it."""
        self._repository, self._timing = repository, timing
        self._lock = threading.RLock()
        self._held: tuple[str, float] | None = None
        self._installation: int | None = None
        self._app: Any = None
        self._wire = Wire(api, _signing(app_id, key))

    def token(self) -> str:
        with self._lock:
            if self._held is None or self._timing.now() >= self._held[1] - EARLY:
                self._held = self._granted()
            return self._held[0]

    def renew(self, turned_down: str) -> bool:
        with self._lock:
            if self._held is not None and self._held[0] == turned_down:
                self._held = None
            return True

    def app(self) -> Any:
        with self._lock:
            if self._app is None:
                self._app = self._asked("GET", "/app")
            return self._app

    def installation(self) -> Any:
        """The installation on our repository, with the rights that it was given."""
        return self._asked("GET", f"/repos/{self._repository}/installation")

    def ask(self, path: str) -> Any:
        """Ask as the App itself."""
        return self._asked("GET", path)

    def close(self) -> None:
        self._wire.close()

    def _granted(self) -> tuple[str, float]:
        if self._installation is None:
            self._installation = int(self.installation()["id"])
        granted = self._asked("POST", f"/app/installations/{self._installation}/access_tokens")
        return str(granted["token"]), datetime.fromisoformat(str(granted["expires_at"])).timestamp()

    def _asked(self, verb: str, path: str) -> Any:
        """Ask for something that may be asked for twice: one token too many harms nobody."""
        for attempt in range(_TRIES):
            last = attempt == _TRIES - 1
            try:
                response = self._wire.exchange(verb, path)
            except Unclear:
                if last:
                    raise
                response = Response(503, {}, None)
            if response.status < 300 and response.body is not None:
                return response.body
            if response.status < 500 or last:
                break
            self._timing.sleep(0.5 * 2**attempt)
        if response.status >= 500:
            raise Unavailable(f"GitHub does not answer {verb} {path} ({response.status})")
        raise denied(response, verb, path)


def _signing(app_id: str, key: str) -> Shown:
    auth = AppAuth(app_id, key)
    try:
        auth.create_jwt()
    except (ValueError, TypeError, AssertionError, jwt.PyJWTError):
        raise _no_key() from None
    return Shown(auth.create_jwt, "Bearer")


def _no_key() -> BadConfig:
    return BadConfig("ROLLBOT_GITHUB_PRIVATE_KEY is no private key", hint="the PEM file that GitHub made for the App, whole, or its path")
