"""A database of an older schema → the schema that this Rollbot knows: each revision in `versions/` once, in order, in one transaction."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import Script, ScriptDirectory
from sqlalchemy.engine import Connection


def bring(connection: Connection, found: int) -> None:
    """Run every revision after `found`. What a revision does must let the release before it go on working beside this one."""
    with Operations.context(MigrationContext.configure(connection)):
        for revision in _after(found):
            revision.module.upgrade()


def _after(found: int) -> Iterator[Script]:
    """Oldest first. A revision is named by the schema that it leaves behind."""
    script = ScriptDirectory(str(Path(__file__).parent))
    for revision in reversed(list(script.walk_revisions())):
        if int(revision.revision) > found:
            yield revision
