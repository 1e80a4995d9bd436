"""An older database is brought up to date, and then is what a new one is."""

from __future__ import annotations

import logging
import sqlite3
from pathlib import Path
from threading import Thread

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from bot.adapters.store.migrations import bring
from bot.adapters.store.schema import VERSION, Database, meta, metadata
from bot.adapters.store.sql import SqlStore

FIRST = Path(__file__).with_name("schema_1.sql")
"""What Rollbot 0.1 made on SQLite, as `.dump` wrote it."""


def emptied(url: str) -> sa.Engine:
    """A database without a table."""
    database = Database(url)
    database.close()
    engine = sa.create_engine(url)
    metadata.drop_all(engine)
    return engine


def shape(engine: sa.Engine) -> dict[str, object]:
    """Every column, key and index of every table, with an index's condition."""
    seen = sa.inspect(engine)
    named = ("name", "column_names", "unique")
    return {
        table: (
            sorted((column["name"], str(column["type"]), column["nullable"], column["default"]) for column in seen.get_columns(table)),
            sorted(seen.get_pk_constraint(table)["constrained_columns"]),
            sorted(str(one["column_names"]) for one in seen.get_unique_constraints(table)),
            sorted(
                str(([one[name] for name in named], {k: str(v) for k, v in one["dialect_options"].items()}))
                for one in seen.get_indexes(table)
            ),
        )
        for table in seen.get_table_names()
    }


def test_a_database_of_every_revision_is_what_a_new_one_is(database_url: str) -> None:
    engine = emptied(database_url)
    with engine.begin() as connection:
        bring(connection, 0)
    migrated = shape(engine)
    with engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), metadata)
    metadata.drop_all(engine)
    metadata.create_all(engine)

    assert differences == []
    assert migrated == shape(engine)
    engine.dispose()


def test_a_file_of_the_first_schema_is_upgraded_and_says_so(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with sqlite3.connect(tmp_path / "rollbot.db") as old:
        old.executescript(FIRST.read_text())
    old.close()

    with caplog.at_level(logging.INFO, "rollbot.store"):
        database = Database(f"sqlite:///{tmp_path}/rollbot.db")

    assert f"from schema 1 to {VERSION}" in caplog.text
    [incident] = SqlStore(database).incidents()
    assert (incident.id, len(SqlStore(database).entries(incident.id))) == ("one", 1)
    with database.reading() as connection:
        assert connection.execute(sa.select(meta.c.value).where(meta.c.name == "schema")).scalar() == str(VERSION)
    database.close()


def test_an_upgrade_that_fails_leaves_the_old_database(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "rollbot.db") as old:
        old.executescript(FIRST.read_text())
        old.execute("create index rollbot_queue_due on rollbot_queue (key)")  # in the way of the last statement of a revision
    old.close()

    with pytest.raises(Exception, match="rollbot_queue_due"):
        Database(f"sqlite:///{tmp_path}/rollbot.db")

    with sqlite3.connect(tmp_path / "rollbot.db") as old:
        assert [column[1] for column in old.execute("pragma table_info(rollbot_queue)")] == ["key", "due", "leased"]
        assert old.execute("select value from rollbot_meta").fetchall() == [("1",)]
    old.close()


def test_processes_that_start_together_make_the_tables_once(database_url: str) -> None:
    opened: list[Database] = []
    threads = [Thread(target=lambda: opened.append(Database(database_url))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(opened) == 6
    for database in opened:
        database.close()
