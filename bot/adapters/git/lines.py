"""First-parent lines of a repository, kept in SQLite as git printed them, so that only new commits are asked for."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from bot.errors import Unavailable
from bot.refs import Sha

SMALL = 1 << 15
"""A piece that takes fewer bytes is written again together with what comes on top of it: a line stays a few dozen pieces."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of the line, newest commit first, with the parent of its oldest commit (None: the line ends there)."""

    top: Sha
    parent: Sha | None
    text: bytes


class Lines:
    """`scope` names what else the text depends on: what a shallow clone shows changes when it is deepened."""

    def __init__(self, file: Path | None) -> None:
        self._lock = threading.Lock()
        try:
            if file is not None:
                file.parent.mkdir(parents=True, exist_ok=True)
            self._rows = sqlite3.connect(file or ":memory:", timeout=30, check_same_thread=False, isolation_level=None)
            for statement in (
                "PRAGMA journal_mode=WAL",
                "PRAGMA synchronous=NORMAL",
                "CREATE TABLE IF NOT EXISTS line (scope TEXT, top TEXT, parent TEXT, text BLOB, PRIMARY KEY (scope, top))",
                "CREATE TABLE IF NOT EXISTS tip (scope TEXT PRIMARY KEY, top TEXT)",
            ):
                self._rows.execute(statement)
        except (sqlite3.Error, OSError) as error:
            raise Unavailable(f"the cache of commits cannot be opened: {error}") from error

    def get(self, scope: str, top: Sha) -> Piece | None:
        """Return the piece that begins with exactly this commit."""
        with self._guarded() as rows:
            row = rows.execute("SELECT parent, text FROM line WHERE scope = ? AND top = ?", (scope, top)).fetchone()
            return None if row is None else Piece(top, row[0] and Sha(row[0]), zlib.decompress(row[1]))

    def small(self, scope: str, top: Sha) -> bool:
        with self._guarded() as rows:
            row = rows.execute("SELECT length(text) FROM line WHERE scope = ? AND top = ?", (scope, top)).fetchone()
            return row is not None and row[0] < SMALL

    def whole(self, scope: str, top: Sha) -> bool:
        """Say whether the pieces lead from this commit to the line's end without a gap."""
        with self._guarded() as rows:
            walk = """
                WITH RECURSIVE walk(top, parent) AS (
                    SELECT top, parent FROM line WHERE scope = :scope AND top = :top
                    UNION SELECT line.top, line.parent FROM line JOIN walk ON line.top = walk.parent WHERE scope = :scope
                ) SELECT 1 FROM walk WHERE parent IS NULL"""
            return rows.execute(walk, {"scope": scope, "top": top}).fetchone() is not None

    def tip(self, scope: str) -> Sha | None:
        """Return where the line ended that was kept last."""
        with self._guarded() as rows:
            row = rows.execute("SELECT top FROM tip WHERE scope = ?", (scope,)).fetchone()
            return None if row is None else Sha(row[0])

    def put(self, scope: str, pieces: Iterable[Piece], tip: Sha, instead_of: Sha | None = None) -> None:
        """Keep these pieces, all or none; `instead_of` is a piece whose text is in one of them."""
        rows_of = [(scope, piece.top, piece.parent, zlib.compress(piece.text, 1)) for piece in pieces]
        with self._guarded() as rows:
            rows.execute("BEGIN IMMEDIATE")
            try:
                rows.execute("DELETE FROM line WHERE scope = ? AND top = ?", (scope, instead_of))
                rows.executemany("INSERT OR REPLACE INTO line VALUES (?, ?, ?, ?)", rows_of)
                rows.execute("INSERT OR REPLACE INTO tip VALUES (?, ?)", (scope, tip))
            except BaseException:
                rows.execute("ROLLBACK")
                raise
            rows.execute("COMMIT")

    @contextlib.contextmanager
    def _guarded(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                yield self._rows
            except (sqlite3.Error, zlib.error) as error:
                raise Unavailable(f"the cache of commits cannot be used: {error}") from error

    def close(self) -> None:
        with self._lock:
            self._rows.close()
