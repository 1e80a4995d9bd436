"""The tables, and opening a database that has them. SQLite (WAL) by default; the same SQL runs on PostgreSQL."""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from bot.adapters.store.opening import opened
from bot.errors import Refused, Unavailable
from bot.refs import Instant

VERSION = 2
"""Of the tables below; the newest revision in `migrations/versions`."""
_AWKWARD, _ESCAPED = re.compile("[\x00\x01\ud800-\udfff]"), re.compile("\x01([0-9a-f]{4})")
UPGRADING = 0x726F6C6C_00000001
"""The advisory lock under which one process at a time makes or changes tables."""
log = logging.getLogger("rollbot.store")

metadata = sa.MetaData()


class Words(sa.TypeDecorator[str]):
    """Text of strangers, whatever it holds: PostgreSQL takes no NUL, and no encoding takes half a surrogate pair."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Any) -> str | None:
        return value if value is None or not _AWKWARD.search(value) else _AWKWARD.sub(lambda found: f"\x01{ord(found[0]):04x}", value)

    def process_result_value(self, value: str | None, dialect: Any) -> str | None:
        return value if value is None or "\x01" not in value else _ESCAPED.sub(lambda found: chr(int(found[1], 16)), value)


meta = sa.Table("rollbot_meta", metadata, sa.Column("name", Words, primary_key=True), sa.Column("value", Words, nullable=False))

inbox = sa.Table(
    "rollbot_inbox",
    metadata,
    sa.Column("key", Words, primary_key=True),
    sa.Column("source", Words, nullable=False),
    sa.Column("repository", Words, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Column("received", sa.Double, nullable=False),
    sa.Column("handled", sa.Boolean, nullable=False, default=False),
)
sa.Index("rollbot_inbox_waiting", inbox.c.repository, inbox.c.received, sqlite_where=~inbox.c.handled, postgresql_where=~inbox.c.handled)
sa.Index("rollbot_inbox_handled", inbox.c.received, sqlite_where=inbox.c.handled, postgresql_where=inbox.c.handled)

incidents = sa.Table(
    "rollbot_incidents",
    metadata,
    sa.Column("id", Words, primary_key=True),
    sa.Column("repository", Words, nullable=False),
    sa.Column("environment", Words, nullable=False),
    sa.Column("cluster", Words, nullable=False),
    sa.Column("service", Words, nullable=False),
    sa.Column("opened", sa.Double, nullable=False),
    sa.Column("open", sa.Boolean, nullable=False),
    sa.Column("due", sa.Double),
    sa.Column("rev", sa.Integer, nullable=False),
    sa.Column("incident", Words, nullable=False),
)
_service = (incidents.c.repository, incidents.c.environment, incidents.c.cluster, incidents.c.service)
sa.Index("rollbot_incidents_one_open", *_service, unique=True, sqlite_where=incidents.c.open, postgresql_where=incidents.c.open)
sa.Index("rollbot_incidents_opened", incidents.c.repository, incidents.c.opened)

entries = sa.Table(
    "rollbot_entries",
    metadata,
    sa.Column("incident", Words, primary_key=True),
    sa.Column("seq", sa.Integer, primary_key=True),
    sa.Column("at", sa.Double, nullable=False),
    sa.Column("stage", Words, nullable=False),
    sa.Column("what", Words, nullable=False),
    sa.Column("because", Words, nullable=False),
    sa.Column("facts", Words, nullable=False),
    sa.Column("previous", Words, nullable=False),
    sa.Column("hash", Words, nullable=False),
    sa.Column("key", Words),
)
"""`key`: of the facts, where the entry belongs to no incident, to find it by."""
sa.Index("rollbot_entries_key", entries.c.key, sqlite_where=entries.c.key.is_not(None), postgresql_where=entries.c.key.is_not(None))

kept = sa.Table("rollbot_kept", metadata, sa.Column("name", Words, primary_key=True), sa.Column("value", sa.LargeBinary, nullable=False))

notices = sa.Table(
    "rollbot_notices",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("key", Words, nullable=False, unique=True),
    sa.Column("title", Words, nullable=False),
    sa.Column("text", Words, nullable=False),
    sa.Column("urgent", sa.Boolean, nullable=False),
)

pulls = sa.Table(
    "rollbot_pulls",
    metadata,
    sa.Column("repository", Words, primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("branch", Words, nullable=False),
    sa.Column("target", Words, nullable=False),
    sa.Column("head", Words, nullable=False),
    sa.Column("state", Words, nullable=False),
    sa.Column("merge", Words),
    sa.Column("url", Words),
)

comments = sa.Table(
    "rollbot_comments",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("repository", Words, nullable=False),
    sa.Column("pull", sa.Integer, nullable=False),
    sa.Column("key", Words, nullable=False),
    sa.Column("text", Words, nullable=False),
    sa.UniqueConstraint("repository", "pull", "key"),
)

queue = sa.Table(
    "rollbot_queue",
    metadata,
    sa.Column("key", Words, primary_key=True),
    sa.Column("due", sa.Double),
    sa.Column("leased", sa.Double),
    sa.Column("lock", Words, nullable=False, server_default=""),
    sa.Column("holder", Words),
)
"""`due` None: nothing waits behind the lease. `leased`: until when `holder` has the key. Of each `lock` one key is held at a time."""
_held = queue.c.leased.is_not(None)
sa.Index("rollbot_queue_leased", queue.c.lock, sqlite_where=_held, postgresql_where=_held)
sa.Index("rollbot_queue_due", queue.c.due, queue.c.key)


class Database:
    """An opened database; `reading` and `writing` are transactions whose failures come out as Unavailable."""

    def __init__(self, url: str) -> None:
        self._engine = opened(url)
        self._writer = self._engine.execution_options(rollbot_writes="FULL")
        self._later = self._engine.execution_options(rollbot_writes="NORMAL")
        self._reader = self._engine.execution_options(isolation_level="AUTOCOMMIT") if self.shared else self._engine
        self._turn: AbstractContextManager[object] = nullcontext() if self.shared else threading.RLock()
        """A file has one writer at a time. Threads wait in line here: SQLite's own waiting is polling, and unfair."""
        try:
            self._bring_up_to_date()
        except BaseException:
            self.close()
            raise

    @property
    def shared(self) -> bool:
        """Whether other machines may work on it too: PostgreSQL, not a file."""
        return self._engine.dialect.name == "postgresql"

    @property
    def file(self) -> str | None:
        """The path of the file that it is, None where it is a server."""
        return None if self.shared else self._engine.url.database

    def now(self) -> Instant:
        """The server's time, which all that share it agree on; a file's is the machine's."""
        if not self.shared:
            return time.time()
        with self.reading() as connection:
            return float(connection.execute(sa.select(sa.func.extract("epoch", sa.func.clock_timestamp()))).scalar_one())

    def session(self) -> Connection:
        """Open a connection that is the caller's to close; its failures are the database's own (`spoken`)."""
        return self._reader.connect()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """For one question: what a second one shows may be newer."""
        with spoken(), self._reader.connect() as connection:
            yield connection

    @contextmanager
    def writing(self, lasting: bool = True) -> Iterator[Connection]:
        """`lasting`: the disk has it when this ends. Otherwise it has it no later than the next that lasts, as a file of SQLite keeps
        what is written in its order: for what is found or done again where a power cut takes it (a kill takes nothing).
        """
        with self._turn, spoken(), (self._writer if lasting else self._later).begin() as connection:
            if self.shared and not lasting:
                connection.exec_driver_sql("SET LOCAL synchronous_commit TO OFF")
            yield connection

    def upsert(self, table: sa.Table, keys: tuple[str, ...], values: dict[str, Any]) -> Any:
        """Return the statement that inserts `values`, or replaces those of the row that has the same keys."""
        statement = self._insert(table).values(values)
        rest = {name: value for name, value in values.items() if name not in keys}
        return statement.on_conflict_do_update(index_elements=list(keys), set_=rest)

    def insert_once(self, table: sa.Table, keys: tuple[str, ...], values: dict[str, Any]) -> Any:
        """Return the statement that inserts `values` unless a row with the same keys is there; it answers the keys only where it did."""
        statement = self._insert(table).values(values).on_conflict_do_nothing(index_elements=list(keys))
        return statement.returning(*(table.c[key] for key in keys))

    def spoken(self) -> AbstractContextManager[None]:
        """Let failures out as Unavailable."""
        return spoken()

    def close(self) -> None:
        self._engine.dispose()

    def _bring_up_to_date(self) -> None:
        """Make the tables, or those of an older Rollbot ours; processes that start together wait for the first. Raises Refused."""
        with self.reading() as connection:
            found = _schema(connection)
        if found < VERSION:
            with self.writing() as connection:
                if self.shared:
                    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(UPGRADING)))
                found = _schema(connection)
                if found == 0:
                    metadata.create_all(connection)
                elif found < VERSION:
                    from bot.adapters.store.migrations import bring  # imported where it is used: starting the CLI stays cheap

                    bring(connection, found)
                    log.info("the database was brought from schema %d to %d", found, VERSION)
                if found < VERSION:
                    connection.execute(self.upsert(meta, ("name",), {"name": "schema", "value": str(VERSION)}))
        if found > VERSION:
            raise Refused(f"the database was written by a newer Rollbot (schema {found}, this one knows {VERSION})")

    def _insert(self, table: sa.Table) -> Any:
        if self.shared:
            from sqlalchemy.dialects import postgresql  # imported where it is used: starting the CLI stays cheap

            return postgresql.insert(table)
        from sqlalchemy.dialects import sqlite

        return sqlite.insert(table)


def _schema(connection: Connection) -> int:
    """The schema of a database, 0 where it has none of our tables."""
    if not sa.inspect(connection).has_table(meta.name):
        return 0
    return int(connection.execute(sa.select(meta.c.value).where(meta.c.name == "schema")).scalar() or 0)


@contextmanager
def spoken() -> Iterator[None]:
    """Let the database's failures out as ours; conflicts of rows (IntegrityError) are for the caller to read."""
    try:
        yield
    except sa.exc.IntegrityError:
        raise
    except DBAPIError as error:
        raise Unavailable(f"database: {error.orig}") from error
    except SQLAlchemyError as error:
        raise Unavailable(f"database: {error}") from error
