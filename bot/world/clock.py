"""Virtual time: hours pass in moments, and no test sleeps."""

from __future__ import annotations

import time

from bot.refs import Instant


class VirtualClock:
    """Stands still until it is told to move; once it follows, it goes on by itself, a second a second."""

    def __init__(self, start: Instant) -> None:
        self._told = start
        self._followed: float | None = None

    def now(self) -> Instant:
        return self._told + (0.0 if self._followed is None else time.monotonic() - self._followed)

    def advance(self, seconds: float) -> None:
        if seconds < 0:
            raise ValueError("time goes forward")
        self._told += seconds

    def follow(self) -> None:
        if self._followed is None:
            self._followed = time.monotonic()
