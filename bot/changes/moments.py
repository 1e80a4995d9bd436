"""Times as people read them: always UTC, to the minute."""

from __future__ import annotations

from datetime import UTC, datetime

from bot.refs import Instant


def day(at: Instant) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d")


def utc(at: Instant) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M UTC")


def clock(at: Instant) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%H:%M UTC")
