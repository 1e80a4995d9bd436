"""Who may come in: bearer tokens and signatures, compared in constant time, before anything else of a request is looked at."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from hmac import compare_digest

from fastapi import HTTPException, Request
from pydantic import SecretStr
from pydantic_core import from_json

from bot.reconciler.asking import SEVERAL
from bot.signals.sources import Hmac

READ, ASK, APPROVE, STOP = "read", "ask", "approve", "stop"
RIGHTS = frozenset({READ, ASK, APPROVE, STOP})
FRESH = 300.0
"""Seconds that a signed time of sending may be off: clocks differ, and retries are signed anew."""

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True)
class Identity:
    """Who calls, and what they may do where. `environments` are globs."""

    name: str
    rights: frozenset[str] = RIGHTS
    environments: tuple[str, ...] = ("*",)

    def may(self, right: str, environment: str) -> bool:
        """What changes several environments at once is `several`, which only a `*` covers."""
        within = any(fnmatchcase(environment, glob) if environment != SEVERAL else glob == "*" for glob in self.environments)
        return right in self.rights and within

    def must(self, right: str, environments: Iterable[str]) -> None:
        """Raises 403, naming what is missing."""
        for environment in sorted(environments):
            if not self.may(right, environment):
                raise HTTPException(403, f"{self.name} has no right to {right} in {environment}")


def identity(grant: str) -> Identity:
    """Read `name:rights@environments`, the name of a token in ROLLBOT_API_TOKENS; the name alone may do everything everywhere."""
    name, colon, rest = grant.partition(":")
    if not colon:
        return Identity(name)
    rights, _, environments = rest.partition("@")
    return Identity(name, frozenset(rights.split("+")), tuple(environments.split("+")) if environments else ("*",))


def bearer(request: Request) -> str:
    """Return the token of an `Authorization: Bearer` header, "" where there is none."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def basic(request: Request) -> str:
    """Return the password of an `Authorization: Basic` header: browsers ask for it; the name does not matter."""
    scheme, _, text = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(text, validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return ""


def owner(token: str, tokens: Mapping[str, SecretStr]) -> str | None:
    """Name whose token it is. Every token is compared, so that the time taken says nothing."""
    found = None
    for name, secret in tokens.items():
        if compare_digest(secret.get_secret_value().encode(), token.encode()):
            found = name
    return found


def unsigned(request: Request, how: Hmac, body: bytes, secrets: Sequence[SecretStr], now: float) -> str | None:
    """None where one of the secrets signed exactly these bytes; else why that is not so, "" where there is no more to say.

    Every pair is compared, so that the time taken says nothing. `now` in Unix seconds: what was signed long ago is sent again by others.
    """
    said = [part.strip() for part in request.headers.get(how.header, "").split(",")][:10]
    signatures = [part.removeprefix(how.prefix).encode() for part in said if part.startswith(how.prefix)]
    stamp = request.headers.get(how.stamp, "") if how.stamp else ""
    signed = f"{stamp}:".encode() + body if stamp else body
    found = False
    for secret in secrets:
        wanted = hmac.new(secret.get_secret_value().encode(), signed, hashlib.sha256).hexdigest().encode()
        for signature in signatures:
            found |= compare_digest(wanted, signature)
    if not found:
        return ""
    if stamp and (not re.fullmatch(r"\d{1,12}", stamp) or abs(int(stamp) - now) > FRESH):
        return f": {how.stamp} is not within {FRESH:.0f} s of the time here"
    return None


def within(body: bytes, path: Sequence[str]) -> str:
    """Return the text that stands at a path of a JSON body, "" where none does. The body is nobody's yet: nothing else of it is read."""
    try:
        found = from_json(body)
    except ValueError:
        return ""
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    return found if isinstance(found, str) else ""


def api(request: Request) -> Identity:
    """Admit a holder of one of ROLLBOT_API_TOKENS and say who that is. Raises 401, and 403 where they may read nothing and read."""
    tokens = request.app.state.settings.api_tokens
    if not tokens:
        raise HTTPException(401, "the API is closed: set ROLLBOT_API_TOKENS", {"WWW-Authenticate": "Bearer"})
    who = owner(bearer(request), tokens)
    if who is None:
        raise HTTPException(401, "send one of ROLLBOT_API_TOKENS as `Authorization: Bearer …`", {"WWW-Authenticate": "Bearer"})
    found = identity(who)
    if request.method == "GET" and READ not in found.rights:
        raise HTTPException(403, f"{found.name} has no right to read")
    return found


def insider(request: Request) -> bool:
    """Whether whoever asks may see the pages: others are told nothing that names a repository."""
    try:
        page(request)
    except HTTPException:
        return False
    return True


def page(request: Request) -> None:
    """Admit a person to the pages: with an API token as password; where there are no tokens, on this machine only. Raises 401, 403."""
    tokens = request.app.state.settings.api_tokens
    if tokens:
        who = owner(basic(request) or bearer(request), tokens)
        if who is None:
            raise HTTPException(401, "log in with an API token as password", {"WWW-Authenticate": 'Basic realm="Rollbot", charset="UTF-8"'})
        if not identity(who).may(READ, SEVERAL):
            raise HTTPException(403, "the pages show every environment, and this token may not read them all; /api/v1 shows what it may")
        return
    here = request.client is not None and request.client.host in LOOPBACK
    if not (here and request.url.hostname in LOOPBACK):
        raise HTTPException(403, "without ROLLBOT_API_TOKENS the pages are shown on this machine only, at http://127.0.0.1")
