"""An incident, one step on: look at the world, take the next step, save, say when to look again."""

from __future__ import annotations

from bot.ports import Ports
from bot.refs import Instant


def reconcile(key: str, ports: Ports) -> Instant | None:
    """Take one step of the incident and say when to look again, None once it has ended. Running it twice is harmless."""
    incident = ports.store.incident(key)
    if incident is None or incident.end:
        return None
    return incident.due
