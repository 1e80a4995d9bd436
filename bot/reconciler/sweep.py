"""Webhooks are hints, the sweep is the truth: every open incident that is due, and every inbox that is not empty, is queued."""

from __future__ import annotations

from bot.ports import Ports
from bot.reconciler.intake import INBOX


def sweep(ports: Ports) -> None:
    now, name = ports.clock.now(), ports.repository.name
    if ports.store.inbox(name):
        ports.queue.enqueue(f"{INBOX}{name}", now)
    for incident in ports.store.incidents(name, open_only=True):
        if incident.due is None or incident.due <= now:
            ports.queue.enqueue(incident.id, now)
