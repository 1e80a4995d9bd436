"""What Prometheus answered to the queries of `.rollbot.yaml` → alerts, in the words of Alertmanager's webhook. There is no door for it."""

from __future__ import annotations

from bot.refs import Instant
from bot.signals.alertmanager import of_family
from bot.signals.signal import Alert

SOURCE = "prometheus"


def parse(body: bytes, received_at: Instant) -> tuple[Alert, ...]:
    """Return the alerts, each once. Raises Refused for what is no such payload, saying where it differs."""
    return of_family(SOURCE, "what polling writes", body, received_at)
