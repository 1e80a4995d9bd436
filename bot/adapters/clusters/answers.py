"""What a cluster's API answers → its parts, with nothing where a part is missing or is of another kind."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from bot.refs import Instant, Sha

_COMMIT = re.compile(r"(?:[^@]*@sha1:|[^@:]*/|sha1:)?([0-9a-f]{40})|([0-9a-f]{64})")
"""Revisions of Git as Flux writes them (https://fluxcd.io/flux/components/source/gitrepositories/#artifact), or bare."""
_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")
"""RFC 1123 subdomain: what Kubernetes lets an object be called."""


def commit_in(revision: object) -> Sha | None:
    """The commit in `main@sha1:…`, `main/…`, or the name itself; None for digests, versions, names of branches."""
    match = _COMMIT.fullmatch(revision) if isinstance(revision, str) else None
    return Sha(match[1] or match[2]) if match else None


def time_of(text: object) -> Instant | None:
    """RFC 3339 as Kubernetes writes it → seconds; None for anything else."""
    if not isinstance(text, str):
        return None
    try:
        found = datetime.fromisoformat(text)
        return found.timestamp() if found.tzinfo else None
    except (ValueError, OverflowError, OSError):
        return None


def at(value: Any, *keys: str) -> Any:
    """What stands under these keys, {} where a step is missing or is no object: nothing is concluded from it."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return {} if value is None else value


def text(value: Any, *keys: str) -> str:
    found = at(value, *keys)
    return found if isinstance(found, str) else ""


def items(value: Any, *keys: str) -> list[dict[str, Any]]:
    """The objects of a list, [] where there is none."""
    found = at(value, *keys)
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def is_name(text: str) -> bool:
    return _NAME.fullmatch(text) is not None
