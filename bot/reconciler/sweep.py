"""Webhooks are hints, the sweep is the truth: due incidents, inboxes that are not empty, comments nobody brought, quarantines, notices."""

from __future__ import annotations

from bot.ports import Ports
from bot.reconciler import notifying, tending
from bot.reconciler.intake import INBOX
from bot.reconciler.listening import TALK, due
from bot.reconciler.outbox import NOTIFY


def sweep(ports: Ports) -> None:
    now, name = ports.clock.now(), ports.repository.name
    if ports.store.inbox(name):
        ports.queue.enqueue(f"{INBOX}{name}", now)
    if due(ports, now):
        ports.queue.enqueue(f"{TALK}{name}", now)
    if tending.due(ports, now):
        ports.queue.enqueue(f"{tending.TEND}{name}", now)
    if notifying.due(ports, now):
        ports.queue.enqueue(f"{NOTIFY}{name}", now)
    for incident in ports.store.incidents(name, open_only=True):
        if incident.due is None or incident.due <= now:
            ports.queue.enqueue(incident.id, now)
