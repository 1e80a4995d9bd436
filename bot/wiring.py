"""Settings → the ports of each manifests repository: the only module that knows every adapter."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bot.errors import BadConfig
from bot.ports import Clock, Cluster, Forge, Metrics, Notifier, Ports, QueueRows, Repository, Store

if TYPE_CHECKING:
    from bot.adapters.git.repository import GitRepository
    from bot.adapters.pins import SqlitePinCache
    from bot.adapters.store.due import SqlQueueRows
    from bot.adapters.store.schema import Database
    from bot.settings import Settings

log = logging.getLogger("rollbot.sweep")


@dataclass(frozen=True, slots=True)
class House:
    """Each repository's ports by its name, and the rows that the queue's runner takes from."""

    ports: Mapping[str, Ports]
    rows: SqlQueueRows


@contextmanager
def house(settings: Settings, addresses: tuple[str, ...] = ()) -> Iterator[House]:
    """Open everything that the settings name, for as long as the block lasts. Raises BadConfig, Refused, Unavailable."""
    from bot.adapters.store.due import SqlQueueRows
    from bot.adapters.store.schema import Database

    addresses = addresses or settings.repo_url
    if not addresses:
        raise BadConfig("no repository to watch", hint="set ROLLBOT_REPO_URL, such as https://git.example/org/manifests.git")
    with ExitStack() as stack:
        database = Database(settings.database_url.get_secret_value())
        stack.callback(database.close)
        rows = SqlQueueRows(database)
        pins = stack.enter_context(cache(settings))
        repositories = [stack.enter_context(repository(address, settings)) for address in addresses]
        named = {one.name: _ports(one, settings, database, rows, pins) for one in repositories}
        if len(named) < len(repositories):
            raise BadConfig("ROLLBOT_REPO_URL names a repository twice")
        yield House(named, rows)


@contextmanager
def repository(address: str | Path, settings: Settings) -> Iterator[GitRepository]:
    """Open one repository: a URL (mirrored in the cache folder) or a path. Raises Refused, Unavailable."""
    from bot.adapters.git.repository import GitRepository

    with GitRepository(str(address), settings.branch, settings.cache / "repositories") as opened:
        yield opened


def upstream(address: str, settings: Settings) -> str:
    """Return where a rollback has to be written: a clone's origin, else the repository itself. Raises Refused, Unavailable."""
    if "://" in address:
        return address
    with repository(address, settings) as opened:
        return opened.origin or address


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


@contextmanager
def working(house: House, settings: Settings) -> Iterator[Callable[[], bool]]:
    """Run the queue's workers and the sweep for as long as the block lasts; yields whether they are all alive."""
    from bot.adapters.queues.local import LocalRunner
    from bot.reconciler.sweep import sweep
    from bot.reconciler.work import work

    runner = LocalRunner(house.rows, clock(), lambda key: work(key, house.ports), lambda key: _repository_of(key, house.ports))
    stopping = threading.Event()

    def sweeping() -> None:
        while not stopping.is_set():
            for name, ports in house.ports.items():
                try:
                    sweep(ports)
                except Exception:
                    log.exception("%s was not swept; tried again in %.0f s", name, settings.sweep_every)
            stopping.wait(settings.sweep_every)

    sweeper = threading.Thread(target=sweeping, name="rollbot-sweep", daemon=True)
    runner.start()
    sweeper.start()
    try:
        yield lambda: runner.alive and sweeper.is_alive()
    finally:
        stopping.set()
        runner.stop()
        sweeper.join(5)


def _repository_of(key: str, houses: Mapping[str, Ports]) -> str:
    """Whose turn it is: writes to one repository are serial."""
    from bot.reconciler.intake import INBOX

    if key.startswith(INBOX):
        return key.removeprefix(INBOX)
    for ports in houses.values():
        incident = ports.store.incident(key)
        if incident is not None:
            return incident.service.repository
    return ""


def clock() -> Clock:
    from bot.adapters.clock import SystemClock

    return SystemClock()


def _ports(opened: Repository, settings: Settings, database: Database, rows: QueueRows, pins: SqlitePinCache) -> Ports:
    from bot.adapters.queues.local import LocalQueue
    from bot.adapters.store.sql import SqlStore

    return Ports(
        repository=opened,
        forge=_forge(opened, settings, database),
        cluster=_cluster(),
        metrics=metrics(settings),
        notifier=_notifier(),
        store=SqlStore(database),
        queue=LocalQueue(rows),
        clock=clock(),
        cache=pins,
    )


def _forge(opened: Repository, settings: Settings, database: Database) -> Forge:
    if settings.forge != "local":
        raise BadConfig(f"this version does not know ROLLBOT_FORGE={settings.forge} yet", hint="local works with any Git server")
    from bot.adapters.forges.local import LocalForge
    from bot.adapters.store.pulls import SqlPullRows

    return LocalForge(opened, SqlPullRows(database, opened.name))


def _cluster() -> Cluster:
    from bot.adapters.clusters.none import NoCluster

    return NoCluster()


def metrics(settings: Settings) -> Metrics:
    """Return what can be asked how services do."""
    if settings.prometheus_url is None:
        from bot.adapters.metrics.none import NoMetrics

        return NoMetrics()
    from bot.adapters.metrics.prometheus import PrometheusMetrics

    return PrometheusMetrics(settings.prometheus_url.get_secret_value())


def _notifier() -> Notifier:
    from bot.adapters.notifiers.log import LogNotifier

    return LogNotifier()
