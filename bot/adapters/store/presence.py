"""Who is alive: each worker holds a lock that the database's machine lets go when the process ends, however it ends.

It is quicker than a lease that runs out, and never instead of it: a machine that lost its network is noticed by its leases alone.
"""

from __future__ import annotations

import fcntl
import hashlib
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol, TextIO

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.adapters.store.schema import Database
from bot.errors import Unavailable

SEEN = 0x726F6C6C
"""The first half of the advisory locks' names; the other is the worker's. https://www.postgresql.org/docs/current/explicit-locking.html"""


class Presence(Protocol):
    def hold(self, holder: str) -> None:
        """Have the worker's lock; where it is held already, nothing changes. Raises Unavailable."""
        ...

    def leave(self, holder: str) -> None:
        """Let the worker's lock go."""
        ...

    def gone(self, holder: str) -> AbstractContextManager[bool]:
        """Say whether the worker's lock is free, and keep it from being taken while the block lasts."""
        ...


def presence(database: Database) -> Presence:
    return SharedPresence(database) if database.file is None else FilePresence(Path(f"{database.file}-workers"))


class SharedPresence:
    """Advisory locks of sessions, which PostgreSQL lets go when their connection ends; a pooler of transactions would mix sessions up."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._held: dict[str, Connection] = {}

    def hold(self, holder: str) -> None:
        if (connection := self._held.get(holder)) is not None:
            try:
                with self._database.spoken():
                    connection.execute(sa.select(1))
            except Unavailable:  # the server went away, and the lock with it
                self.leave(holder)
            else:
                return
        with self._database.spoken():
            opened = self._database.session()
            opened.execute(sa.select(sa.func.pg_advisory_lock(SEEN, _number(holder))))
        self._held[holder] = opened

    def leave(self, holder: str) -> None:
        if (connection := self._held.pop(holder, None)) is not None:
            connection.invalidate()
            connection.close()

    @contextmanager
    def gone(self, holder: str) -> Iterator[bool]:
        with self._database.writing() as connection:
            yield bool(connection.execute(sa.select(sa.func.pg_try_advisory_xact_lock(SEEN, _number(holder)))).scalar())


class FilePresence:
    """Locked files in a folder beside the database, which the machine lets go when their process ends."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._held: dict[str, TextIO] = {}

    def hold(self, holder: str) -> None:
        if holder in self._held:
            return
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            file = (self._folder / holder).open("w")
            fcntl.flock(file, fcntl.LOCK_EX)
        except OSError as error:
            raise Unavailable(f"database: {error}") from error
        self._held[holder] = file

    def leave(self, holder: str) -> None:
        if (file := self._held.pop(holder, None)) is not None:
            (self._folder / holder).unlink(missing_ok=True)
            file.close()

    @contextmanager
    def gone(self, holder: str) -> Iterator[bool]:
        path = self._folder / holder
        try:
            file = path.open()
        except FileNotFoundError:
            yield True
            return
        with file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
                return
            yield True
            path.unlink(missing_ok=True)


def _number(holder: str) -> int:
    """Name a worker's lock by 32 bits, signed."""
    return int.from_bytes(hashlib.sha256(holder.encode()).digest()[:4], "big", signed=True)
