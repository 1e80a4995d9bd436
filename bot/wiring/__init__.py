"""Settings → the ports of each manifests repository: the only package that knows every adapter."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.errors import BadConfig
from bot.ports import Clock, Ports, Queue, Repository, Store
from bot.wiring.forges import forge_of, github, repository, upstream
from bot.wiring.outside import alerts, cluster, logs, messengers, metrics, notifier, registry
from bot.wiring.working import Working, working

if TYPE_CHECKING:
    from bot.adapters.clock import SteadyClock
    from bot.adapters.forges.github.client import Client
    from bot.adapters.pins import SqlitePinCache
    from bot.adapters.store.due import SqlQueueRows
    from bot.adapters.store.schema import Database
    from bot.settings import Settings

__all__ = [
    "House",
    "Working",
    "alerts",
    "cache",
    "clock",
    "cluster",
    "github",
    "house",
    "logs",
    "messengers",
    "metrics",
    "repository",
    "store",
    "upstream",
    "working",
]


@dataclass(frozen=True, slots=True)
class House:
    """Each repository's ports by its name, the rows that the queue's runner takes from, the bell that wakes it, and everybody's time."""

    ports: Mapping[str, Ports]
    rows: SqlQueueRows
    bell: threading.Event
    time: SteadyClock


@contextmanager
def house(settings: Settings, addresses: tuple[str, ...] = ()) -> Iterator[House]:
    """Open everything that the settings name, for as long as the block lasts. Raises BadConfig, Refused, Unavailable."""
    from bot.adapters.clock import SteadyClock
    from bot.adapters.queues.local import LocalQueue
    from bot.adapters.store.due import REST, SqlQueueRows
    from bot.adapters.store.schema import Database
    from bot.reconciler.outbox import NOTIFY

    addresses = addresses or settings.repo_url
    if not addresses:
        raise BadConfig("no repository to watch", hint="set ROLLBOT_REPO_URL, such as https://git.example/org/manifests.git")
    with ExitStack() as stack:
        database = Database(settings.database_url.get_secret_value())
        stack.callback(database.close)
        rows, bell, time = SqlQueueRows(database, REST), threading.Event(), SteadyClock(database.now)
        pins = stack.enter_context(cache(settings))
        named = {}
        for address in addresses:
            client = stack.enter_context(github(address, settings))
            one = stack.enter_context(repository(address, settings, client))
            named[one.name] = _ports(one, settings, database, LocalQueue(rows, bell, one.name, (NOTIFY,)), pins, client, time)
        if len(named) < len(addresses):
            raise BadConfig("ROLLBOT_REPO_URL names a repository twice")
        yield House(named, rows, bell, time)


@contextmanager
def store(settings: Settings) -> Iterator[Store]:
    """Open what is known besides Git."""
    from bot.adapters.store.schema import Database
    from bot.adapters.store.sql import SqlStore

    database = Database(settings.database_url.get_secret_value())
    try:
        yield SqlStore(database)
    finally:
        database.close()


@contextmanager
def cache(settings: Settings) -> Iterator[SqlitePinCache]:
    """Open what remembers readings of manifests between runs."""
    from bot.adapters.pins import SqlitePinCache

    opened = SqlitePinCache(settings.cache / "pins.sqlite")
    try:
        yield opened
    finally:
        opened.close()


def clock() -> Clock:
    from bot.adapters.clock import SystemClock

    return SystemClock()


def _ports(
    opened: Repository, settings: Settings, database: Database, queue: Queue, pins: SqlitePinCache, client: Client | None, time: Clock
) -> Ports:
    from bot.adapters.store.sql import SqlStore

    forge, conversation = forge_of(opened, settings, database, client)
    return Ports(
        repository=opened,
        forge=forge,
        cluster=cluster(settings, opened),
        metrics=metrics(settings),
        notifier=notifier(),
        messengers=messengers(settings),
        public_url=settings.public_url,
        patience=60 * settings.git_down_minutes,
        store=SqlStore(database),
        queue=queue,
        clock=time,
        cache=pins,
        conversation=conversation,
        alerts=alerts(settings),
        logs=logs(settings),
        registry=registry(settings),
        stopped=settings.stopped,
    )
