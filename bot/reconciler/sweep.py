"""Webhooks are hints, the sweep is the truth: due incidents, inboxes that are not empty, comments nobody brought, quarantines, notices."""

from __future__ import annotations

from contextlib import suppress

from bot.errors import Refused, Unavailable
from bot.ports import Ports
from bot.reconciler import notifying, tending
from bot.reconciler.intake import INBOX, ask_for_the_rest
from bot.reconciler.listening import due
from bot.reconciler.outbox import NOTIFY
from bot.reconciler.polling import poll
from bot.reconciler.talking import TALK

DAY = 86400.0
BODIES, KEYS = 14 * DAY, 90 * DAY
"""How long what came in at the doors is kept once it was handled, and how long it is known when it comes again."""


def sweep(ports: Ports, everything: bool = False) -> None:
    """`everything`: what waits for later too. Looking early does no harm, and after a jump of the clock nobody knows what later is."""
    now, name = ports.clock.now(), ports.repository.name
    ports.store.prune(now - BODIES, now - KEYS)
    if ports.store.waiting(name):
        ports.queue.enqueue(f"{INBOX}{name}", now)
    if due(ports, now):
        ports.queue.enqueue(f"{TALK}{name}", now)
    if tending.due(ports, now):
        ports.queue.enqueue(f"{tending.TEND}{name}", now)
    if notifying.due(ports, now):
        ports.queue.enqueue(f"{NOTIFY}{name}", now)
    with suppress(Unavailable, Refused):  # what cannot be read is told on /readyz
        poll(ports)
    with suppress(Unavailable):  # it is asked for again by the next sweep
        ask_for_the_rest(ports)
    for incident in ports.store.incidents(name, open_only=True):
        if everything or incident.due is None or incident.due <= now:
            ports.queue.enqueue(incident.id, now)
