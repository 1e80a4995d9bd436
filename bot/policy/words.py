"""What people said and what stands until it ends: holds, and versions that are good."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bot.refs import Instant, ServiceRef

EVERYTHING = "everything"
"""Stands for all services where a thread would mean its own, unless a service has that name."""


@dataclass(frozen=True, slots=True)
class Hold:
    """Nothing is changed by itself until then. Without a service it holds all of them, without an environment all of those.

    `key` names the comment that said so.
    """

    key: str
    by: str
    since: Instant
    until: Instant
    service: str | None = None
    environment: str | None = None
    reason: str = ""

    def covers(self, service: ServiceRef) -> bool:
        places = (service.environment, service.cluster)
        return self.service in (None, service.name) and (self.environment is None or self.environment in places)


@dataclass(frozen=True, slots=True)
class Good:
    """A person vouches for a version of a service: it is no suspect."""

    key: str
    by: str
    at: Instant
    service: str
    environment: str
    version: str
    reason: str = ""


def ending(hold: Hold) -> str:
    """The words that end a hold, wherever they are said."""
    if hold.service is None and hold.environment is not None:
        return f"/rollback resume in {hold.environment}"
    return f"/rollback resume {hold.service or EVERYTHING}{f' in {hold.environment}' if hold.environment else ''}"


def holding(holds: Iterable[Hold], service: ServiceRef, now: Instant) -> Hold | None:
    """The hold on a service that lasts longest, if any."""
    found = [hold for hold in holds if hold.since <= now < hold.until and hold.covers(service)]
    return max(found, key=lambda hold: hold.until, default=None)
