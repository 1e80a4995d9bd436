"""Webhooks are hints, the sweep is the truth: incidents that are due, inboxes that are not empty, comments that nobody brought."""

from __future__ import annotations

from contextlib import suppress

from bot.errors import Refused, Unavailable
from bot.ports import Ports
from bot.reconciler.intake import INBOX, ask_for_the_rest
from bot.reconciler.listening import TALK, due
from bot.reconciler.polling import poll


def sweep(ports: Ports) -> None:
    now, name = ports.clock.now(), ports.repository.name
    if ports.store.inbox(name):
        ports.queue.enqueue(f"{INBOX}{name}", now)
    if due(ports, now):
        ports.queue.enqueue(f"{TALK}{name}", now)
    with suppress(Unavailable, Refused):  # what cannot be read is told on /readyz
        poll(ports)
    with suppress(Unavailable):  # it is asked for again by the next sweep
        ask_for_the_rest(ports)
    for incident in ports.store.incidents(name, open_only=True):
        if incident.due is None or incident.due <= now:
            ports.queue.enqueue(incident.id, now)
