"""Threads over rows of the store, in as many processes as there are: what is due is leased, worked on, and given back."""

from __future__ import annotations

import logging
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable

from bot.errors import Unavailable
from bot.ports import Clock, QueueRows
from bot.refs import Instant

log = logging.getLogger("rollbot.queue")

LEASE = 20.0
"""A process that has not renewed its leases by then is taken for dead, and its keys are due again. Two at work on one key do no harm,
they only repeat: the branch, the revision and the push by compare and swap see to that."""
RENEW = 5.0
WATCH = 1.0
"""How often one looks for the dead."""
IDLE = 0.5
LONGEST = 10.0
FIRST_RETRY, LAST_RETRY = 5.0, 300.0


class LocalQueue:
    """The Queue port. `bell` wakes the workers of the same process; those of others find it when they look next.

    `lock`: of its keys one is worked on at a time, in whatever process (a repository: its writes are serial). `apart`: how those keys
    begin that write nothing there and may be slow (telling people): each of them is held by itself, and holds nothing else up.
    """

    def __init__(self, rows: QueueRows, bell: threading.Event | None = None, lock: str = "", apart: tuple[str, ...] = ()) -> None:
        self._rows, self._bell, self._lock, self._apart = rows, bell, lock, apart

    def enqueue(self, key: str, due: Instant) -> None:
        lock = key if key.startswith(self._apart) else self._lock
        if self._rows.put(key, due, lock) and self._bell is not None:
            self._bell.set()


class LocalRunner:
    """One process's workers: each works on a key at a time, and on none whose lock another key holds."""

    def __init__(
        self,
        rows: QueueRows,
        clock: Clock,
        work: Callable[[str], Instant | None],
        workers: int = 2,
        bell: threading.Event | None = None,
    ) -> None:
        self._rows, self._clock, self._work = rows, clock, work
        self._failed: dict[str, int] = {}
        self._hands: set[str] = set()
        self.holder = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
        self._stopping, self._stopped, self._bell = threading.Event(), threading.Event(), bell or threading.Event()
        self._threads = [threading.Thread(target=self._run, name=f"rollbot-worker-{n}", daemon=True) for n in range(workers)]
        self._keeper = threading.Thread(target=self._keep, name="rollbot-keeper", daemon=True)

    def start(self) -> None:
        """Raises Unavailable where the store is away."""
        self._keep_alive()
        for thread in (self._keeper, *self._threads):
            thread.start()

    def stop(self, timeout: float = 30.0) -> None:
        """Let every worker finish the step it is on."""
        self._stopping.set()
        self._bell.set()
        for thread in self._threads:
            thread.join(timeout)
        self._stopped.set()
        self._keeper.join(timeout)
        self._safely(lambda: self._rows.release(self.holder))

    @property
    def alive(self) -> bool:
        return all(thread.is_alive() for thread in (*self._threads, self._keeper))

    def run_one(self) -> bool:
        """Work on the key that is due longest; False where none is."""
        now = self._clock.now()
        key = self._rows.take(now, now + LEASE, self.holder)
        if key is None:
            return False
        self._hands.add(key)
        try:
            again = self._work(key)
            self._failed.pop(key, None)
        except Unavailable as error:  # the store itself is away: what is only away is told within the work
            again = self._later(key)
            log.warning("%s has to wait: %s; tried again in %.0f s", key, error, again - self._clock.now())
        except Exception:  # a runner is a door: one key's defect must not stop the others
            again = self._later(key)
            log.exception("%s failed; tried again in %.0f s", key, again - self._clock.now())
        finally:
            self._hands.discard(key)  # from here on its lease runs out, should giving it back fail
        self._rows.done(key, again, self.holder)
        return True

    def _later(self, key: str) -> Instant:
        failures = self._failed[key] = self._failed.get(key, 0) + 1
        return self._clock.now() + min(LAST_RETRY, FIRST_RETRY * 2.0 ** (failures - 1))

    def _run(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            worked = False
            try:
                worked, failures = self.run_one(), 0
            except Unavailable as error:
                failures += 1
                log.warning("the queue could not be read; tried again in %.0f s: %s", _patience(failures), error)
            except Exception:
                failures += 1
                log.exception("the queue could not be read; tried again in %.0f s", _patience(failures))
            if failures:
                self._stopping.wait(_patience(failures))
            elif not worked and not self._stopping.is_set():
                self._bell.wait(IDLE)
                self._bell.clear()

    def _keep(self) -> None:
        renewed = time.monotonic()
        while not self._stopped.wait(WATCH):
            if time.monotonic() - renewed >= RENEW and self._safely(self._keep_alive):
                renewed = time.monotonic()
            self._safely(self._bury)

    def _keep_alive(self) -> None:
        self._rows.renew(self.holder, tuple(self._hands), self._clock.now() + LEASE)

    def _bury(self) -> None:
        for holder in self._rows.bury():
            log.warning("worker %s is gone; what it held goes on here or elsewhere", holder)
            self._bell.set()

    def _safely(self, act: Callable[[], None]) -> bool:
        """Do it; the database may be away, and the next round may find it."""
        try:
            act()
        except Unavailable as error:
            log.warning("the queue could not be written: %s", error)
            return False
        except Exception:
            log.exception("the queue could not be written")
            return False
        return True


def _patience(failures: int) -> float:
    """Seconds to wait for a store that is away: ever longer, never so long that its return goes unnoticed."""
    return float(min(LONGEST, IDLE * 2.0 ** (failures - 1)))
