"""No logs are configured: they say nothing for or against a recovery."""

from __future__ import annotations

from collections.abc import Sequence

from bot.ports import Sample
from bot.refs import Instant, ServiceRef


class NoLogs:
    """Has no lines to count."""

    def errors(self, query: str, service: ServiceRef, start: Instant, end: Instant) -> Sequence[Sample]:
        return ()
