"""Times at which more, or less, may happen: every week by a cron expression, or once between two moments."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from zoneinfo import ZoneInfo

from cronsim import CronSim

from bot.refs import Instant, ServiceRef

EVERYWHERE = ("*",)


@dataclass(frozen=True, slots=True)
class Window:
    """Open for `lasts` seconds from each time that `cron` (five fields, by `timezone`'s clock) names, or from `start` until `end`.

    `environments` and `services` are globs of what it is about. A cron time that a change of the clock skips is taken at the next
    minute that there is (as Debian's cron does).
    """

    environments: tuple[str, ...] = EVERYWHERE
    services: tuple[str, ...] = EVERYWHERE
    cron: str | None = None
    lasts: float = 0.0
    timezone: str = "UTC"
    start: Instant | None = None
    end: Instant | None = None
    reason: str = ""

    def closes(self, now: Instant) -> Instant | None:
        """When it ends, while it is open; None while it is not."""
        if self.cron is None:
            inside = self.start is not None and self.end is not None and self.start <= now < self.end
            return self.end if inside else None
        just_after = datetime.fromtimestamp(now + 1, ZoneInfo(self.timezone))
        last = next(CronSim(self.cron, just_after, reverse=True), None)
        until = None if last is None else last.timestamp() + self.lasts
        return until if until is not None and now < until else None

    def about(self, environments: Iterable[str], service: str) -> bool:
        """Whether it is about that service in one of the environments."""
        placed = any(fnmatchcase(each, glob) for each in environments for glob in self.environments)
        return placed and any(fnmatchcase(service, glob) for glob in self.services)

    def __str__(self) -> str:
        when = f"{self.cron} ({self.timezone})" if self.cron else "dates"
        return self.reason or when


@dataclass(frozen=True, slots=True)
class Freeze:
    """Nothing is changed in it without a person; `rollbacks`: but a rollback, which only makes things as they were, may go by itself."""

    window: Window
    rollbacks: bool = False


def closed(windows: Iterable[Window], service: ServiceRef, environments: Iterable[str], now: Instant) -> tuple[Window, Instant] | None:
    """The open one among them that lasts longest, and until when."""
    places = tuple(environments) or (service.environment,)
    found = [(window, until) for window in windows if window.about(places, service.name) and (until := window.closes(now)) is not None]
    return max(found, key=lambda each: each[1], default=None)
