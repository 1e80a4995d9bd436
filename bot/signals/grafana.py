"""Grafana Alerting's webhook contact point → alerts: Alertmanager's payload with more in it.

https://grafana.com/docs/grafana/latest/alerting/configure-notifications/manage-contact-points/integrations/webhook-notifier/
"""

from __future__ import annotations

from bot.refs import Instant
from bot.signals.alertmanager import of_family
from bot.signals.signal import Alert

SOURCE = "grafana"


def parse(body: bytes, received_at: Instant) -> tuple[Alert, ...]:
    """Return the payload's alerts, each once. Raises Refused for what is no such payload, saying where it differs."""
    return of_family(SOURCE, "a Grafana payload", body, received_at)
