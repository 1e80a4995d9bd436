"""GitHub's API for one repository: reads are repeated, writes never blindly, and every answer is a value or one of our exceptions."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import quote

from bot.adapters.forges.github.access import Access
from bot.adapters.forges.github.answers import Denied, Response, Unclear, denied, said
from bot.adapters.forges.github.pace import Pace, Timing
from bot.adapters.forges.github.wire import PER_PAGE, Shown, Wire
from bot.errors import Unavailable

_READS = 3
_LOOKS = (0.0, 0.5, 1.5)
"""Seconds before each look for what an unclear write has done: GitHub's reads may lag behind its writes."""

_ABSENT = (0.3, 1.0)
"""Seconds before asking again for what must be there, and is said not to be."""

_REMEMBERED = 256
_PAGES = 50
_GOES_BY = ("tree sha does not exist", "reference update failed", "could not resolve to a node")
"""What GitHub says where it has not caught up with itself (R46): the same words may be accepted a moment later."""

_KINDS = {"FORBIDDEN": 403, "NOT_FOUND": 404, "STALE_DATA": 409}
"""A type of GraphQL's errors → what REST answers then; any other is like 422."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Identity:
    """Who we are to GitHub: `number` is what comments are known by."""

    login: str
    number: int


class Client:
    """Safe to use from several threads; requests go out one after the other."""

    def __init__(self, api: str, access: Access, repository: str, timing: Timing | None = None) -> None:
        """`repository` is `owner/name`."""
        self.repository, self.access = repository, access
        self.timing = timing or Timing()
        self.pace = Pace(self.timing)
        self._wire = Wire(api, Shown(access.token))
        self._known: OrderedDict[str, tuple[str, Response]] = OrderedDict()
        self._identity: Identity | None = None
        self._lock = threading.RLock()
        self.writing = threading.RLock()
        """Held while a change is written, so that one effect's look and write are not another's."""

    # Reading

    def get(self, path: str, *, spare: bool = False, sure: bool = False, **parameters: Any) -> Any:
        """Read. `spare`: it can wait where the rate limit runs low. `sure`: it must be there. Raises Denied, Unavailable."""
        return self.read(path, spare=spare, sure=sure, **parameters).body

    def read(self, path: str, *, spare: bool = False, sure: bool = False, **parameters: Any) -> Response:
        """The whole answer. What has not changed since it was read costs nothing of the rate limit (ETag)."""
        for pause in _ABSENT if sure else ():
            response = self._read(path, spare, parameters)
            if response.status != 404:
                return _good(response, "GET", path)
            self.timing.sleep(pause)
        return _good(self._read(path, spare, parameters), "GET", path)

    def maybe(self, path: str, **parameters: Any) -> Any:
        """Read something that may not be there: None then."""
        try:
            return self.get(path, **parameters)
        except Denied as error:
            if error.status == 404:
                return None
            raise

    def each(self, path: str, *, spare: bool = False, **parameters: Any) -> Iterator[Any]:
        """Yield the items of a list, page by page."""
        for page in range(1, _PAGES + 1):
            response = self.read(path, spare=spare, per_page=PER_PAGE, page=page, **parameters)
            yield from response.body if isinstance(response.body, list) else ()
            if 'rel="next"' not in response.headers.get("link", ""):
                return

    def _read(self, path: str, spare: bool, parameters: Mapping[str, Any]) -> Response:
        name = f"{path} {sorted(parameters.items())}"
        with self._lock:
            tag, kept = self._known.get(name, ("", None))
        for attempt in range(_READS):
            try:
                response = self._exchange("GET", path, parameters, {"If-None-Match": tag} if tag else {}, None, spare)
            except Unclear:
                if attempt == _READS - 1:
                    raise
            else:
                if response.status == 304 and kept is not None:
                    return kept
                self._remember(name, response)
                return response
            self.timing.sleep(0.3 * 2**attempt)
        raise AssertionError("unreachable")

    def _remember(self, name: str, response: Response) -> None:
        tag = response.headers.get("etag", "")
        if response.status != 200 or not tag:
            return
        with self._lock:
            self._known[name] = (tag, response)
            self._known.move_to_end(name)
            while len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)

    # Writing

    def send(self, verb: str, path: str, body: Any = None) -> Any:
        """Write, once. Raises Unclear where it may or may not have been carried out: `settled` says how to go on. Raises Denied."""
        return _good(self._exchange(verb, path, None, None, body, False), verb, path).body

    def graphql(self, document: str, **variables: Any) -> Any:
        """Ask or write by GraphQL, once, and return its data. Raises Unclear, Denied (with all that its errors say)."""
        response = self._exchange("POST", self._wire.graphql, None, None, {"query": document, "variables": variables}, False)
        body = _good(response, "POST", "/graphql").body
        if not isinstance(body, Mapping):
            raise Unclear("GitHub's GraphQL answered nothing that can be read")
        if errors := body.get("errors"):
            message = said({"errors": errors})
            if "something went wrong" in message.lower() or "timed out" in message.lower() or "timeout" in message.lower():
                raise Unclear(f"GitHub's GraphQL did not finish: {message}")
            kinds = {str(error.get("type")) for error in errors if isinstance(error, Mapping)}
            raise Denied(f"GitHub refuses it: {message}", next((_KINDS[kind] for kind in kinds if kind in _KINDS), 422), message)
        return body.get("data") or {}

    def settled(self, write: Callable[[], T], found: Callable[[], T | None]) -> T:
        """Write; after an unclear answer look whether it was carried out, and only where it was not, write once more.

        `found` returns what the write has made, None where there is no trace of it.
        """
        for last in (False, True):
            try:
                return self._caught_up(write)
            except Unclear:
                for pause in _LOOKS:
                    self.timing.sleep(pause)
                    if (made := found()) is not None:
                        return made
                if last:
                    raise
        raise AssertionError("unreachable")

    def _caught_up(self, write: Callable[[], T]) -> T:
        for pause in _ABSENT:
            try:
                return write()
            except Denied as error:
                if not any(words in error.said.lower() for words in _GOES_BY):
                    raise
            self.timing.sleep(pause)
        return write()

    # Who and where

    def at(self, path: str) -> str:
        """A path below our repository."""
        return f"/repos/{self.repository}{path}"

    @property
    def owner(self) -> str:
        return self.repository.partition("/")[0]

    def identity(self) -> Identity:
        """Who our comments are by. Raises Unavailable, Denied."""
        with self._lock:
            if self._identity is None:
                self._identity = self._asked_who()
            return self._identity

    def _asked_who(self) -> Identity:
        app = self.access.app()
        if app is not None:
            login = f"{app['slug']}[bot]"
            return Identity(login, int(self.get(f"/users/{quoted(login)}")["id"]))
        try:
            user = self.get("/user")
        except Denied as error:
            if error.status != 403:
                raise
            # A workflow run's GITHUB_TOKEN is nobody to REST, but somebody to GraphQL.
            viewer = self.graphql("query { viewer { login databaseId } }")["viewer"]
            return Identity(str(viewer["login"]), int(viewer["databaseId"]))
        return Identity(str(user["login"]), int(user["id"]))

    def close(self) -> None:
        self._wire.close()
        self.access.close()

    def _exchange(self, verb: str, path: str, parameters: Any, headers: Any, body: Any, spare: bool) -> Response:
        """One request, again only where GitHub says that it did nothing: too fast, or a token that has expired."""
        renewed, limited = False, 0
        while True:
            self.pace.admit(spare)
            token = self.access.token()
            response = self._wire.exchange(verb, path, parameters, headers, body)
            if self.pace.learn(response):
                limited += 1
                if limited > _READS:
                    raise Unavailable("GitHub keeps saying that we are too fast; tried again later")
                continue  # `admit` sits it out, or says for how long we are to stay away
            if response.status == 401 and not renewed and self.access.renew(token):
                renewed = True
                continue
            if response.status >= 500:
                raise Unclear(f"GitHub does not answer {verb} {path.partition('?')[0]} ({response.status})")
            return response


def quoted(part: str) -> str:
    """A name as a part of a path: nothing in it ends that part."""
    return quote(part, safe="")


def branch_path(branch: str) -> str:
    """A branch's name in a path, its slashes kept as GitHub has them."""
    return quote(branch, safe="/")


def _good(response: Response, verb: str, path: str) -> Response:
    if response.status >= 300:
        raise denied(response, verb, path)
    if response.body is None and response.status not in (204, 205):
        raise Unclear(f"GitHub's answer to {verb} {path.partition('?')[0]} cannot be read: is ROLLBOT_GITHUB_URL its API?")
    return response
