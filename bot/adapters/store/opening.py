"""A URL → an engine of SQLite (WAL) or PostgreSQL, with the patience that each needs."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from bot.errors import BadConfig

BUSY_SECONDS = 10.0
POOL = 10
PATIENCE = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
    "application_name": "rollbot",
    "options": "-c lock_timeout=10s -c statement_timeout=60s -c idle_in_transaction_session_timeout=60s",
}
"""A server that is gone is noticed within seconds instead of hours; nobody waits for a lock forever.
https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS"""
RESTED = 1.0
"""Seconds after which a pooled connection is asked whether it still is one."""


def opened(url: str) -> Engine:
    """Return the engine of a database. Raises BadConfig."""
    try:
        parsed = sa.make_url(url)
    except sa.exc.ArgumentError as error:
        raise BadConfig("not a database URL", hint="such as sqlite:////var/lib/rollbot/rollbot.db") from error
    if parsed.drivername in ("postgresql", "postgres"):
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.get_backend_name() not in ("sqlite", "postgresql"):
        raise BadConfig(f"database {parsed.get_backend_name()} is not supported", hint="sqlite or postgresql")
    if parsed.get_backend_name() == "postgresql":
        try:
            engine = sa.create_engine(parsed, connect_args=PATIENCE, pool_size=POOL, max_overflow=POOL, pool_timeout=BUSY_SECONDS)
        except ModuleNotFoundError as error:
            raise BadConfig(
                f"PostgreSQL needs a driver: {error}", hint="pip install rollbot[postgres], and postgresql+psycopg://…"
            ) from error
        sa.event.listen(engine, "checkin", _rests)
        sa.event.listen(engine, "checkout", _still_there)
        return engine
    if not parsed.database or parsed.database == ":memory:":
        raise BadConfig("the database needs a file", hint="such as sqlite:////var/lib/rollbot/rollbot.db")
    Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(parsed, connect_args={"timeout": BUSY_SECONDS})
    sa.event.listen(engine, "connect", _prepare)
    sa.event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # the driver's own BEGIN comes too late: we say it ourselves below
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.close()


def _begin(connection: Connection) -> None:
    """A writer takes the lock when it begins: waiting for it then is safe, upgrading a read later is not."""
    writes = connection.get_execution_options().get("rollbot_writes")
    if writes:
        driver: Any = connection.connection.dbapi_connection
        driver.execute(f"PRAGMA synchronous={writes}")  # of the connection, and not to be changed within a transaction
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _rests(_: Any, record: Any) -> None:
    record.info["rests"] = time.monotonic()


def _still_there(connection: Any, record: Any, _: Any) -> None:
    """A connection that has rested for a while may be gone: ask before somebody's statement is lost on it. A busy one need not be asked."""
    if time.monotonic() - record.info.get("rests", float("inf")) < RESTED:
        return
    try:
        connection.execute("SELECT 1")
        connection.rollback()
    except Exception as error:
        raise sa.exc.DisconnectionError from error
