"""`rollbot serve` and `rollbot worker`: the doors and the work, or the work alone."""

from __future__ import annotations

import logging
import signal
import sys
import threading
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.printing import warn

if TYPE_CHECKING:
    from bot.settings import Settings

SWITCH = 0.0005
"""Seconds after which a thread at work lets another go on. Python's own 5 ms, several times a request, is what the doors would wait for."""
DatabaseUrl = Annotated[str | None, typer.Option("--database-url", metavar="URL", help="Instead of ROLLBOT_DATABASE_URL.")]


def serve(
    host: Annotated[str, typer.Option(help="Where to listen; 0.0.0.0 for everybody.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Where to listen.")] = 8080,
    database_url: DatabaseUrl = None,
) -> None:
    """Serve webhooks, API and pages, and do the work. Settings come from ROLLBOT_… variables and .env.

    \b
    Examples:
      ROLLBOT_REPO_URL=https://git.example/org/manifests.git \\
      ROLLBOT_HOOK_TOKEN_ALERTMANAGER=$(openssl rand -hex 24) rollbot serve
      rollbot serve --host 0.0.0.0 --port 8080 --database-url sqlite:////var/lib/rollbot/rollbot.db
    """
    from bot import wiring
    from bot.web.app import create_app
    from bot.web.running import run

    settings = _started(database_url)
    sys.setswitchinterval(SWITCH)
    with wiring.house(settings) as house, wiring.working(house, settings) as alive:
        logging.getLogger("rollbot").info("watching %s; listening on http://%s:%d", ", ".join(house.ports), host, port)
        run(create_app(settings, house.ports, alive, troubles=alive.troubles), host, port)


def worker(database_url: DatabaseUrl = None) -> None:
    """Do the work only; webhooks, API and pages are another process's (`serve`) on the same database.

    \b
    Examples:
      rollbot worker --database-url postgresql+psycopg://rollbot@db/rollbot
    """
    from bot import wiring

    settings = _started(database_url)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with wiring.house(settings) as house, wiring.working(house, settings):
        logging.getLogger("rollbot").info("working on %s", ", ".join(house.ports))
        stop.wait()


def _started(database_url: str | None) -> Settings:
    from bot import settings

    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for sentence in settings.unread():
        warn(sentence)
    return settings.load(database_url=database_url)
