"""Port Clock → the machine's own time, or the database's where several machines share one."""

from __future__ import annotations

import time
from collections.abc import Callable

from bot.refs import Instant


class SystemClock:
    """Wall-clock time in UTC seconds."""

    def now(self) -> Instant:
        return time.time()


class SteadyClock:
    """What a source of time said last, carried on by the machine's monotonic clock: it jumps only when `look` finds that the source did."""

    def __init__(self, source: Callable[[], Instant] = time.time) -> None:
        self._source = source
        self._off = source() - time.monotonic()

    def now(self) -> Instant:
        return time.monotonic() + self._off

    def look(self) -> float:
        """Ask the source again, and answer by how many seconds it is ahead of what this clock said. Raises what the source raises."""
        before = time.monotonic()
        told = self._source()
        middle = (before + time.monotonic()) / 2
        ahead = told - middle - self._off
        self._off += ahead
        return ahead
