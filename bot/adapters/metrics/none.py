"""No metrics are configured: nothing can be confirmed, and nothing that was done is known to have helped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.incidents.rules import QueryRule
from bot.ports import Polled, Sample
from bot.refs import Instant


class NoMetrics:
    """Answers that it cannot tell: a rollback is then only proposed, and its outcome stays unproven."""

    def firing(self, name: str, labels: Mapping[str, str]) -> bool | None:
        return None

    def pending_since(self, name: str, labels: Mapping[str, str]) -> Instant | None:
        return None

    def range_window(self, name: str) -> float | None:
        return None

    def knowing(self, rules: Sequence[QueryRule]) -> NoMetrics:
        return self

    def polled(self, rule: QueryRule) -> Polled | None:
        return None

    def samples(self, name: str, labels: Mapping[str, str], start: Instant, end: Instant) -> Sequence[Sample]:
        return ()
