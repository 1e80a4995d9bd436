"""Webhooks are hints, the sweep is the truth: incidents that are due, inboxes that are not empty, comments that nobody brought."""

from __future__ import annotations

from bot.ports import Ports
from bot.reconciler.intake import INBOX
from bot.reconciler.listening import TALK, due


def sweep(ports: Ports) -> None:
    now, name = ports.clock.now(), ports.repository.name
    if ports.store.waiting(name):
        ports.queue.enqueue(f"{INBOX}{name}", now)
    if due(ports, now):
        ports.queue.enqueue(f"{TALK}{name}", now)
    for incident in ports.store.incidents(name, open_only=True):
        if incident.due is None or incident.due <= now:
            ports.queue.enqueue(incident.id, now)
