"""Threads in one process over rows of the store: what is due is leased, worked on, and given back."""

from __future__ import annotations

import logging
import threading
from collections import defaultdict
from collections.abc import Callable

from bot.ports import Clock, QueueRows
from bot.refs import Instant

log = logging.getLogger("rollbot.queue")

LEASE = 120.0
"""A worker that has not come back by then is taken for dead: its key is due again. Two at work on one key do no harm, they only repeat."""
IDLE = 0.5
FIRST_RETRY, LAST_RETRY = 5.0, 300.0


class LocalQueue:
    """The Queue port. `bell` wakes the workers of the same process; those of others find it when they look next."""

    def __init__(self, rows: QueueRows, bell: threading.Event | None = None) -> None:
        self._rows, self._bell = rows, bell

    def enqueue(self, key: str, due: Instant) -> None:
        self._rows.put(key, due)
        if self._bell is not None:
            self._bell.set()


class LocalRunner:
    """Works on keys one at a time for each lock that `lock_of` names (a repository: its writes are serial)."""

    def __init__(
        self,
        rows: QueueRows,
        clock: Clock,
        work: Callable[[str], Instant | None],
        lock_of: Callable[[str], str] = str,
        workers: int = 2,
        bell: threading.Event | None = None,
    ) -> None:
        self._rows, self._clock, self._work, self._lock_of = rows, clock, work, lock_of
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._failed: dict[str, int] = {}
        self._stopping, self._bell = threading.Event(), bell or threading.Event()
        self._threads = [threading.Thread(target=self._run, name=f"rollbot-worker-{n}", daemon=True) for n in range(workers)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self, timeout: float = 30.0) -> None:
        """Let every worker finish the step it is on."""
        self._stopping.set()
        self._bell.set()
        for thread in self._threads:
            thread.join(timeout)

    @property
    def alive(self) -> bool:
        return all(thread.is_alive() for thread in self._threads)

    def run_one(self) -> bool:
        """Work on the key that is due longest; False where none is."""
        now = self._clock.now()
        key = self._rows.take(now, now + LEASE)
        if key is None:
            return False
        try:
            with self._locks[self._lock_of(key)]:
                again = self._work(key)
            self._failed.pop(key, None)
        except Exception:  # a runner is a door: one key's defect must not stop the others
            again = self._later(key)
            log.exception("%s failed; tried again in %.0f s", key, again - self._clock.now())
        self._rows.done(key, again)
        return True

    def _later(self, key: str) -> Instant:
        failures = self._failed[key] = self._failed.get(key, 0) + 1
        return self._clock.now() + min(LAST_RETRY, FIRST_RETRY * 2.0 ** (failures - 1))

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                worked = self.run_one()
            except Exception:  # the database is away: the next round may find it
                log.exception("the queue could not be read")
                worked = False
            if not worked and not self._stopping.is_set():
                self._bell.wait(IDLE)
                self._bell.clear()
