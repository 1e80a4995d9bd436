"""Port Clock → the machine's own time."""

from __future__ import annotations

import time

from bot.refs import Instant


class SystemClock:
    """Wall-clock time in UTC seconds."""

    def now(self) -> Instant:
        return time.time()
