"""Registries of images by the OCI distribution API → whether a tag or digest is there.

https://github.com/opencontainers/distribution-spec/blob/main/spec.md ("Checking if content exists in the registry") and, for tokens,
https://distribution.github.io/distribution/spec/auth/token/.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import requests

from bot.errors import BadConfig, Refused, Unavailable
from bot.refs import ImageRef

ACCEPTED = ", ".join(
    (
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    )
)
"""A registry answers 404 for what is there in a form that was not asked for."""
HUB = "docker.io"
_HUB_API = "https://registry-1.docker.io"
_LARGEST = 64 * 1024
"""A token's answer is a few KiB."""
_TIMEOUT = 10.0
_PARAMETER = re.compile(r'(\w+)="([^"]*)"')
_NAME = re.compile(r"[a-z0-9]+(?:[._-]+[a-z0-9]+)*(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*")


@dataclass(frozen=True, slots=True)
class Login:
    """One registry that may be asked. `url`: its API's base; `user` and `password` "" where it is open to all."""

    host: str
    url: str
    user: str = ""
    password: str = field(default="", repr=False)


def parsed(entries: Iterable[str]) -> tuple[Login, ...]:
    """Read `HOST[=USER:PASSWORD]`; `http://HOST` is asked without TLS. Raises BadConfig, which quotes no password."""
    found = []
    for number, entry in enumerate(entries, 1):
        where, equals, login = entry.partition("=")
        scheme, _, host = where.rpartition("://")
        user, colon, password = login.partition(":")
        if scheme not in ("", "http", "https") or not re.fullmatch(r"[A-Za-z0-9.-]+(:\d+)?", host) or (equals and not (user and colon)):
            raise BadConfig(f"ROLLBOT_REGISTRIES: number {number} is no HOST or HOST=USER:PASSWORD", hint="such as ghcr.io=rollbot:ghp_…")
        base = _HUB_API if host == HUB else f"{scheme or 'https'}://{host}"
        found.append(Login(host, base, user, password))
    return tuple(found)


class OciRegistries:
    """Asks only the registries it was given, and sends a login only to its own registry and, over TLS, to the realm that this one names.

    Redirects are not followed. Nothing is remembered: an image may be deleted at any time.
    """

    def __init__(self, logins: Iterable[Login]) -> None:
        self.logins = {login.host: login for login in logins}
        self.session = requests.Session()
        self.session.trust_env = False

    def holds(self, image: ImageRef) -> bool | None:
        host, name = located(image.name)
        login, reference = self.logins.get(host), image.digest or image.tag
        if login is None or reference is None or not _NAME.fullmatch(name):
            return None
        status = self._head(login, f"{login.url}/v2/{name}/manifests/{reference}", name)
        if status == 404:
            return False
        if status in (401, 403):
            raise Refused(f"{host} does not let us look at {name} ({status})")
        if status != 200:
            raise Unavailable(f"{host} answered {status}")
        return True

    def _head(self, login: Login, url: str, name: str) -> int:
        basic = (login.user, login.password) if login.user else None
        with self._asked(login, "HEAD", url, {"Accept": ACCEPTED}, None) as first:
            status, challenge = first.status_code, first.headers.get("WWW-Authenticate", "")
        if status != 401:
            return status
        scheme, _, rest = challenge.partition(" ")
        if scheme.lower() == "bearer":
            headers = {"Accept": ACCEPTED, "Authorization": f"Bearer {self._token(login, dict(_PARAMETER.findall(rest)), name)}"}
            with self._asked(login, "HEAD", url, headers, None) as second:
                return second.status_code
        if basic is None:
            return status
        with self._asked(login, "HEAD", url, {"Accept": ACCEPTED}, basic) as second:
            return second.status_code

    def _token(self, login: Login, said: dict[str, str], name: str) -> str:
        """Ask the realm for a token to pull this one repository, whatever scope the challenge asks for."""
        realm, service = said.get("realm", ""), said.get("service", "")
        parts = urlsplit(realm)
        if parts.scheme != "https" and (parts.scheme, parts.netloc) != ("http", urlsplit(login.url).netloc):
            raise Refused(f"{login.host} sends us for a token to a place that has no TLS")
        query = {"scope": f"repository:{name}:pull", **({"service": service} if service else {})}
        basic = (login.user, login.password) if login.user else None
        with self._asked(login, "GET", realm, {"Accept": "application/json"}, basic, query) as answer:
            if answer.status_code in (401, 403):
                raise Refused(f"{login.host} gives us no token for {name} ({answer.status_code})")
            if answer.status_code != 200:
                raise Unavailable(f"{login.host}'s tokens: answered {answer.status_code}")
            text = answer.raw.read(_LARGEST + 1, decode_content=True)
        try:
            found = json.loads(text) if len(text) <= _LARGEST else {}
            token = found.get("token") or found.get("access_token")
        except (ValueError, AttributeError, RecursionError) as error:
            raise Unavailable(f"{login.host}'s tokens: answered something that is none") from error
        if not isinstance(token, str) or any(not "!" <= letter <= "~" for letter in token):
            raise Unavailable(f"{login.host}'s tokens: answered something that is none")
        return token

    def _asked(
        self,
        login: Login,
        method: str,
        url: str,
        headers: dict[str, str],
        basic: tuple[str, str] | None,
        query: dict[str, str] | None = None,
    ) -> requests.Response:
        try:
            return self.session.request(
                method, url, params=query, headers=headers, auth=basic, timeout=_TIMEOUT, allow_redirects=False, stream=True
            )
        except (requests.RequestException, OSError) as error:
            raise Unavailable(f"{login.host} did not answer: {type(error).__name__}") from error


def located(name: str) -> tuple[str, str]:
    """Return a name's registry and repository: `nginx` is docker.io's library/nginx.

    https://github.com/distribution/reference (normalize.go, splitDockerDomain).
    """
    first, slash, rest = name.partition("/")
    if not slash or not ("." in first or ":" in first or first == "localhost"):
        first, rest = HUB, name
    if first in ("index.docker.io", "registry-1.docker.io"):
        first = HUB
    return first, f"library/{rest}" if first == HUB and "/" not in rest else rest
