"""Comments that no webhook brought → commands: webhooks are hints, this is the truth."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from bot.errors import Refused, Stale, Unavailable
from bot.ports import Conversation, Ports
from bot.reconciler.commanding import hear
from bot.reconciler.lifting import follow
from bot.reconciler.saving import note_alone
from bot.reconciler.talking import same, visited
from bot.reconciler.view import in_force
from bot.records.entry import Note, Stage
from bot.refs import Instant
from bot.signals.signal import Command

EVERY = 300.0
OVERLAP = 600.0
"""Lists of comments lag behind, and clocks differ: what was answered is not answered again."""


def due(ports: Ports, now: Instant) -> bool:
    """Whether it is time to listen."""
    return ports.conversation is not None and now - (_heard(ports) or float("-inf")) >= EVERY


def listen(ports: Ports, houses: Mapping[str, Ports] = MappingProxyType({})) -> Instant | None:
    """Carry out every comment since the last time that was not. The first time only remembers when that was: old words are history.

    In the manifests repository, and in those of applications that are configured or in which somebody has talked to us.
    """
    now, since = ports.clock.now(), _heard(ports)
    if ports.conversation is None:
        return None
    if since is not None:
        try:
            follow(ports)
            for command in (*ports.conversation.commands(since - OVERLAP), *_elsewhere(since - OVERLAP, ports.conversation, ports)):
                if command.at >= _began(ports):
                    hear(command, ports, houses)
        except Stale:
            return now
        except (Unavailable, Refused):
            return now + EVERY
    else:
        ports.store.keep(f"began:{ports.repository.name}", repr(now).encode())
    ports.store.keep(f"heard:{ports.repository.name}", repr(now).encode())
    return None


def _elsewhere(since: Instant, conversation: Conversation, ports: Ports) -> Iterator[Command]:
    """What people said in applications' repositories. One that we may not read is noted once, and keeps nothing else from being heard."""
    tree = ports.repository.tree(ports.repository.resolve(ports.repository.branch))
    for name in dict.fromkeys((*in_force(ports, tree).config.people.applications, *visited(ports))):
        if same(name, ports):
            continue
        try:
            yield from conversation.commands(since, name)
        except Refused as error:
            key = f"deaf:{name.lower()}"
            if not ports.store.noted(key):
                note_alone(Note(Stage.SIGNAL, f"comments in {name} are heard by webhook only", (str(error),), {"key": key}), ports)


def _heard(ports: Ports) -> Instant | None:
    text = ports.store.kept(f"heard:{ports.repository.name}")
    return float(text) if text else None


def _began(ports: Ports) -> Instant:
    text = ports.store.kept(f"began:{ports.repository.name}")
    return math.floor(float(text)) if text else 0.0  # a forge tells whole seconds
