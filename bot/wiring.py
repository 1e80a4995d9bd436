"""Settings → the ports of each manifests repository: the only module that knows every adapter."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bot.errors import BadConfig, Refused, Unavailable
from bot.ports import Alerts, Clock, Cluster, Conversation, Forge, Logs, Messenger, Metrics, Notifier, Ports, Queue, Repository, Store

if TYPE_CHECKING:
    from pydantic import SecretStr

    from bot.adapters.clock import SteadyClock
    from bot.adapters.forges.github.client import Client
    from bot.adapters.forges.github.opening import Login
    from bot.adapters.git.repository import GitRepository
    from bot.adapters.pins import SqlitePinCache
    from bot.adapters.store.due import SqlQueueRows
    from bot.adapters.store.schema import Database
    from bot.settings import Settings

log = logging.getLogger("rollbot.sweep")
JUMP = 5.0
"""Seconds by which a clock is off before anybody is told: more than machines that keep time ever are."""


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
def repository(address: str | Path, settings: Settings, client: Client | None = None) -> Iterator[GitRepository]:
    """Open one repository: a URL (mirrored in the cache folder) or a path. `client`: the forge's, where it is open already.

    Raises Refused, Unavailable.
    """
    from bot.adapters.git.repository import GitRepository

    with ExitStack() as stack:
        shown = client or stack.enter_context(github(address, settings))
        credentials = None if shown is None else _credentials(address, settings, shown)
        yield stack.enter_context(GitRepository(str(address), settings.branch, settings.cache / "repositories", credentials=credentials))


@contextmanager
def github(address: str | Path, settings: Settings) -> Iterator[Client | None]:
    """Open GitHub's API for a repository; None where that is not the forge, the repository is not there, or no token was given."""
    where = _remote(str(address)) if settings.forge == "github" else None
    if where is None or not (settings.github_token or settings.github_app_id):
        yield None
        return
    from bot.adapters.forges.github.opening import opened

    with opened(_login(settings), *where) as client:
        yield client


def _login(settings: Settings) -> Login:
    from bot.adapters.forges.github.opening import Login

    token, key = (None if each is None else each.get_secret_value() for each in (settings.github_token, settings.github_private_key))
    return Login(settings.github_url, token, settings.github_app_id, key, settings.github_private_key_file)


def _remote(address: str) -> tuple[str, str] | None:
    """The URL and name of a repository's remote: the address itself, or a clone's origin. None where it has none."""
    from bot.adapters.git.address import remote
    from bot.adapters.git.repository import GitRepository

    found = remote(address)
    if found is None:
        try:
            with GitRepository(address) as opened:
                found = remote(opened.origin) if opened.origin else None
        except Refused:
            return None  # what is wrong with it is said where it is opened for good
    return None if found is None else (found.url, found.name)


def _credentials(address: str | Path, settings: Settings, client: Client) -> Callable[[tuple[str, str] | None], tuple[str, str]] | None:
    """The forge's token for Git over HTTP; what a URL brings itself wins."""
    from bot.adapters.forges.github.opening import credentials
    from bot.adapters.git.address import remote

    said, where = remote(str(address)), _remote(str(address))
    return None if where is None or (said is not None and said.secret) else credentials(_login(settings), where[0], client)


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


class Working:
    """The work that goes on: whether it does, and what stands in its way, as sentences by what they are about."""

    def __init__(self, alive: Callable[[], bool], troubles: Mapping[str, str]) -> None:
        self._alive, self.troubles = alive, troubles

    def __call__(self) -> bool:
        return self._alive()


@contextmanager
def working(house: House, settings: Settings) -> Iterator[Working]:
    """Run the queue's workers and the sweep for as long as the block lasts."""
    from bot.adapters.queues.local import LocalRunner
    from bot.reconciler.work import work

    runner = LocalRunner(house.rows, house.time, lambda key: work(key, house.ports), bell=house.bell)
    stopping = threading.Event()
    troubles: dict[str, str] = {}

    def sweeping() -> None:
        everything = True
        while not stopping.is_set():
            everything = not _swept(house, everything, troubles)
            stopping.wait(settings.sweep_every)

    sweeper = threading.Thread(target=sweeping, name="rollbot-sweep", daemon=True)
    runner.start()
    sweeper.start()
    try:
        yield Working(lambda: runner.alive and sweeper.is_alive(), troubles)
    finally:
        stopping.set()
        runner.stop()
        sweeper.join(5)


def _swept(house: House, everything: bool, troubles: dict[str, str]) -> bool:
    """Look at the clock and at every repository; False where not all of it came about, and it has to be done whole the next time."""
    from bot.reconciler.sweep import sweep

    whole = True
    try:
        jumped = house.time.look()
        if abs(jumped) >= JUMP:
            everything = True
            troubles["clock"] = f"the clock jumped by {jumped:.0f} s at {house.time.now():.0f}; everything was looked at again"
            log.warning(troubles["clock"])
        else:
            troubles.pop("clock", None)
    except Unavailable as error:
        troubles["clock"] = f"the database's time could not be asked: {error}"
        log.warning(troubles["clock"])
    for name, ports in house.ports.items():
        try:
            sweep(ports, everything)
            troubles.pop(name, None)
        except Exception as error:
            whole, troubles[name] = False, f"not swept: {error}"
            log.exception("%s was not swept; tried again soon", name)
    return whole


def clock() -> Clock:
    from bot.adapters.clock import SystemClock

    return SystemClock()


def _ports(
    opened: Repository, settings: Settings, database: Database, queue: Queue, pins: SqlitePinCache, client: Client | None, time: Clock
) -> Ports:
    from bot.adapters.store.sql import SqlStore

    forge, conversation = _forge(opened, settings, database, client)
    return Ports(
        repository=opened,
        forge=forge,
        cluster=cluster(settings, opened),
        metrics=metrics(settings),
        notifier=_notifier(),
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
        stopped=settings.stopped,
    )


def _forge(opened: Repository, settings: Settings, database: Database, client: Client | None) -> tuple[Forge, Conversation | None]:
    match settings.forge:
        case "local":
            from bot.adapters.forges.local import LocalForge
            from bot.adapters.store.pulls import SqlPullRows

            return LocalForge(opened, SqlPullRows(database, opened.name)), None
        case "github":
            from bot.adapters.forges.github.forge import GitHubForge

            if client is None:
                raise _no_github(opened, settings)
            forge = GitHubForge(client, opened)
            return forge, forge.conversation
        case "gitlab" | "gitea":
            raise BadConfig(f"this version does not know ROLLBOT_FORGE={settings.forge} yet", hint="local works with any Git server")


def _no_github(opened: Repository, settings: Settings) -> BadConfig:
    if not (settings.github_token or settings.github_app_id):
        hint = "an App can do more: docs/github.md"
        return BadConfig("ROLLBOT_FORGE=github needs ROLLBOT_GITHUB_TOKEN, or ROLLBOT_GITHUB_APP_ID and its private key", hint=hint)
    hint = "set ROLLBOT_GITHUB_URL to the API of its server, or ROLLBOT_FORGE=local"
    return BadConfig(f"ROLLBOT_FORGE=github, but {opened.name} is not a repository of {settings.github_url}", hint=hint)


def cluster(settings: Settings, opened: Repository) -> Cluster:
    """Return what can be asked what runs. Raises BadConfig."""
    from bot.adapters.clusters.table import Reached
    from bot.adapters.clusters.table import opened as reaching

    secrets = (settings.argocd_url, settings.argocd_token, settings.flux_receiver_url, settings.flux_receiver_token)
    url, token, receiver, key = (None if each is None else each.get_secret_value() for each in secrets)
    return reaching(Reached(url, token, settings.flux_kubeconfig or None, receiver, key, settings.cache), opened)


def metrics(settings: Settings) -> Metrics:
    """Return what can be asked how services do."""
    if settings.prometheus_url is None:
        from bot.adapters.metrics.none import NoMetrics

        return NoMetrics()
    from bot.adapters.metrics.prometheus import PrometheusMetrics

    return PrometheusMetrics(settings.prometheus_url.get_secret_value())


def alerts(settings: Settings) -> Alerts | None:
    """Return what can be asked about Alertmanager's alerts; None where nothing can."""
    if settings.alertmanager_url is None:
        return None
    from bot.adapters.alerts.alertmanager import AlertmanagerAlerts

    return AlertmanagerAlerts(settings.alertmanager_url.get_secret_value())


def logs(settings: Settings) -> Logs:
    """Return what can be asked for error lines."""
    from bot.adapters.logs.table import opened

    return opened(None if settings.loki_url is None else settings.loki_url.get_secret_value())


def _notifier() -> Notifier:
    from bot.adapters.notifiers.log import LogNotifier

    return LogNotifier()


def messengers(settings: Settings) -> Mapping[str, Messenger]:
    """Return what reaches people, by name: every row of NOTIFIERS whose setting is given. Raises BadConfig."""
    from bot.adapters.notifiers.notifiers import NOTIFIERS

    found: dict[str, Messenger] = {}
    for row in NOTIFIERS.values():
        first, *rest = (_plain(getattr(settings, name)) for name in row.settings)
        if first:
            found |= row.opened(first, *rest)
    return found


def _plain(value: SecretStr | str | None) -> str:
    return "" if value is None else value if isinstance(value, str) else value.get_secret_value()
