"""The queue's workers and the sweep, for as long as they are wanted."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from bot.errors import Unavailable

if TYPE_CHECKING:
    from bot.settings import Settings
    from bot.wiring import House

log = logging.getLogger("rollbot.sweep")
JUMP = 5.0
"""Seconds by which a clock is off before anybody is told: more than machines that keep time ever are."""


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
