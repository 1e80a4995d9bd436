"""One request over PyGithub → GitHub's answer as it came. Nothing is repeated here."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from typing import Any

import github
import requests
from github.Auth import Auth

from bot.adapters.forges.github.answers import Response, Unclear
from bot.errors import Refused

TIMEOUT = 20
PER_PAGE = 100


class Shown(Auth):
    """Shows the token that is valid when a request goes out."""

    def __init__(self, token: Callable[[], str], kind: str = "token") -> None:
        self._current, self._kind = token, kind

    @property
    def token_type(self) -> str:
        return self._kind

    @property
    def token(self) -> str:
        return self._current()


class Wire:
    """Serial: one request at a time, as GitHub asks of its clients. Safe to use from several threads."""

    def __init__(self, api: str, auth: Auth) -> None:
        # Waiting and repeating are ours (client.py): PyGithub's own also repeats POST after a 5xx, which makes two of everything.
        self._github = github.Github(
            auth=auth,
            base_url=api,
            timeout=TIMEOUT,
            per_page=PER_PAGE,
            user_agent="rollbot",
            retry=None,
            seconds_between_requests=None,
            seconds_between_writes=None,
        )
        self._lock = threading.RLock()

    @property
    def graphql(self) -> str:
        """Where GraphQL is: beside the REST API."""
        return self._github.requester.graphql_url

    def exchange(
        self, verb: str, path: str, parameters: Mapping[str, Any] | None = None, headers: Mapping[str, str] | None = None, body: Any = None
    ) -> Response:
        """Raises Unclear where no whole answer came."""
        with self._lock:
            try:
                status, got, text = self._github.requester.requestJson(verb, path, dict(parameters or {}), dict(headers or {}), body)
            except (requests.RequestException, OSError) as error:
                raise Unclear(f"GitHub did not answer {verb} {path.partition('?')[0]}: {_named(error)}") from None
            except RuntimeError as error:  # PyGithub's word for a redirect to elsewhere
                raise Refused("GitHub's API redirects elsewhere: is ROLLBOT_GITHUB_URL right?") from error
        return Response(status, {name.lower(): str(value) for name, value in got.items()}, _parsed(str(text)))

    def close(self) -> None:
        self._github.close()


def _named(error: Exception) -> str:
    """The kind of failure alone: the texts of these errors hold addresses and objects that help nobody."""
    kinds = {"ConnectTimeout": "timed out", "ReadTimeout": "timed out", "SSLError": "its certificate is not trusted"}
    return kinds.get(type(error).__name__, "the connection failed")


def _parsed(text: str) -> Any:
    try:
        return json.loads(text) if text else None
    except ValueError:
        return None
