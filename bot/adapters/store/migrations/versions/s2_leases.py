"""Several processes share the queue: a key names the lock that it is worked on under, a lease its holder. Old rows can be found."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "2"
down_revision = "1"


def upgrade() -> None:
    op.add_column("rollbot_queue", sa.Column("lock", sa.Text, nullable=False, server_default=""))
    op.add_column("rollbot_queue", sa.Column("holder", sa.Text))
    leased: dict[str, Any] = {"sqlite_where": sa.text("leased IS NOT NULL"), "postgresql_where": sa.text("leased IS NOT NULL")}
    op.create_index("rollbot_queue_leased", "rollbot_queue", ["lock"], **leased)
    op.create_index("rollbot_queue_due", "rollbot_queue", ["due", "key"])
    handled: dict[str, Any] = {"sqlite_where": sa.text("handled"), "postgresql_where": sa.text("handled")}
    op.create_index("rollbot_inbox_handled", "rollbot_inbox", ["received"], **handled)
    op.add_column("rollbot_entries", sa.Column("key", sa.Text))
    keyed: dict[str, Any] = {f"{kind}_where": sa.column("key").is_not(None) for kind in ("sqlite", "postgresql")}
    op.create_index("rollbot_entries_key", "rollbot_entries", ["key"], **keyed)
