"""How each sender proves itself: the headers, and the path, that open its door."""

from __future__ import annotations

import hashlib
import hmac

from bot.signals.sources import SOURCES, Bearer, Hmac, Shown, Way

SECRET = "hook-secret-0123456789"
WAYS = [(source, way) for source, row in SOURCES.items() for way in row.ways]
NAMES = [f"{source}-{type(way).__name__}" for source, way in WAYS]


def proof(way: Way, body: bytes, secret: str = SECRET) -> dict[str, str]:
    """The headers with which `way` proves a body."""
    match way:
        case Bearer():
            return {"Authorization": f"Bearer {secret}"}
        case Hmac():
            return {way.header: way.prefix + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}
        case Shown():
            return {}
