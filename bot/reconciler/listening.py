"""Comments that no webhook brought → commands: webhooks are hints, this is the truth."""

from __future__ import annotations

import math

from bot.errors import Refused, Stale, Unavailable
from bot.ports import Ports
from bot.reconciler.commanding import hear
from bot.reconciler.lifting import follow
from bot.refs import Instant

EVERY = 300.0
OVERLAP = 600.0
"""Lists of comments lag behind, and clocks differ: what was answered is not answered again."""


def due(ports: Ports, now: Instant) -> bool:
    """Whether it is time to listen."""
    return ports.conversation is not None and now - (_heard(ports) or float("-inf")) >= EVERY


def listen(ports: Ports) -> Instant | None:
    """Carry out every comment since the last time that was not. The first time only remembers when that was: old words are history."""
    now, since = ports.clock.now(), _heard(ports)
    if ports.conversation is None:
        return None
    if since is not None:
        try:
            follow(ports)
            for command in ports.conversation.commands(since - OVERLAP):
                if command.at >= _began(ports):
                    hear(command, ports)
        except Stale:
            return now
        except (Unavailable, Refused):
            return now + EVERY
    else:
        ports.store.keep(f"began:{ports.repository.name}", repr(now).encode())
    ports.store.keep(f"heard:{ports.repository.name}", repr(now).encode())
    return None


def _heard(ports: Ports) -> Instant | None:
    text = ports.store.kept(f"heard:{ports.repository.name}")
    return float(text) if text else None


def _began(ports: Ports) -> Instant:
    text = ports.store.kept(f"began:{ports.repository.name}")
    return math.floor(float(text)) if text else 0.0  # a forge tells whole seconds
