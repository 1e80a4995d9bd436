"""The tables of Rollbot 0.1."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "1"
down_revision = None


def upgrade() -> None:
    op.create_table("rollbot_meta", sa.Column("name", sa.Text, primary_key=True), sa.Column("value", sa.Text, nullable=False))
    op.create_table("rollbot_kept", sa.Column("name", sa.Text, primary_key=True), sa.Column("value", sa.LargeBinary, nullable=False))
    _inbox()
    _incidents()
    _entries()
    _notices()
    _pulls()
    op.create_table(
        "rollbot_queue",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("due", sa.Double),
        sa.Column("leased", sa.Double),
    )


def _inbox() -> None:
    table = op.create_table(
        "rollbot_inbox",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("repository", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("received", sa.Double, nullable=False),
        sa.Column("handled", sa.Boolean, nullable=False),
    )
    waiting: dict[str, Any] = {"sqlite_where": ~table.c.handled, "postgresql_where": ~table.c.handled}
    op.create_index("rollbot_inbox_waiting", "rollbot_inbox", ["repository", "received"], **waiting)


def _incidents() -> None:
    table = op.create_table(
        "rollbot_incidents",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("repository", sa.Text, nullable=False),
        sa.Column("environment", sa.Text, nullable=False),
        sa.Column("cluster", sa.Text, nullable=False),
        sa.Column("service", sa.Text, nullable=False),
        sa.Column("opened", sa.Double, nullable=False),
        sa.Column("open", sa.Boolean, nullable=False),
        sa.Column("due", sa.Double),
        sa.Column("rev", sa.Integer, nullable=False),
        sa.Column("incident", sa.Text, nullable=False),
    )
    service = ["repository", "environment", "cluster", "service"]
    one: dict[str, Any] = {"sqlite_where": table.c.open, "postgresql_where": table.c.open}
    op.create_index("rollbot_incidents_one_open", "rollbot_incidents", service, unique=True, **one)
    op.create_index("rollbot_incidents_opened", "rollbot_incidents", ["repository", "opened"])


def _entries() -> None:
    op.create_table(
        "rollbot_entries",
        sa.Column("incident", sa.Text, primary_key=True),
        sa.Column("seq", sa.Integer, primary_key=True),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("stage", sa.Text, nullable=False),
        sa.Column("what", sa.Text, nullable=False),
        sa.Column("because", sa.Text, nullable=False),
        sa.Column("facts", sa.Text, nullable=False),
        sa.Column("previous", sa.Text, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
    )


def _notices() -> None:
    op.create_table(
        "rollbot_notices",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("key", sa.Text, nullable=False, unique=True),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("urgent", sa.Boolean, nullable=False),
    )


def _pulls() -> None:
    op.create_table(
        "rollbot_pulls",
        sa.Column("repository", sa.Text, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("branch", sa.Text, nullable=False),
        sa.Column("target", sa.Text, nullable=False),
        sa.Column("head", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("merge", sa.Text),
        sa.Column("url", sa.Text),
    )
    op.create_table(
        "rollbot_comments",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("repository", sa.Text, nullable=False),
        sa.Column("pull", sa.Integer, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.UniqueConstraint("repository", "pull", "key"),
    )
