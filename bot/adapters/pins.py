"""The PinCache over SQLite: a few dozen bytes a reading."""

from __future__ import annotations

import contextlib
import hashlib
import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping, Set
from itertools import chain, islice
from pathlib import Path
from typing import Any

from bot.errors import Unavailable
from bot.manifests.declared import Annotation
from bot.manifests.pin import Pin, PinKind, Reading, Style
from bot.manifests.read import PARSER_VERSION
from bot.objections import Objection, Weight
from bot.refs import Sha

_Key = tuple[str, Sha]
_Shape = tuple[int, str, tuple[str, PinKind, str, str, str, str], Style, bool]

# A file's versions differ in their values and spans only, so all else of its pins is kept once, as a shape.
_TABLES = """
    CREATE TABLE IF NOT EXISTS scope (id INTEGER PRIMARY KEY, parser TEXT, rules TEXT, UNIQUE (parser, rules));
    CREATE TABLE IF NOT EXISTS path (id INTEGER PRIMARY KEY, scope INTEGER, name BLOB, UNIQUE (scope, name));
    CREATE TABLE IF NOT EXISTS shape (id INTEGER PRIMARY KEY, hash BLOB UNIQUE, text TEXT);
    CREATE TABLE IF NOT EXISTS reading (path INTEGER, blob BLOB, shape INTEGER, marks TEXT, PRIMARY KEY (path, blob)) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS inclusion (path INTEGER, blob BLOB, targets TEXT, PRIMARY KEY (path, blob)) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS indexed (scope INTEGER, line TEXT, tip TEXT, PRIMARY KEY (scope, line)) WITHOUT ROWID;
"""
_PART = 250
"""Keys in one statement: SQLite takes 999 values, or more."""

_written = json.JSONEncoder(separators=(",", ":")).encode

_SHAPES = 8192
"""So many are kept at hand, and those of the question that comes next."""

_FORGET = (
    "DELETE FROM reading WHERE path IN (SELECT path.id FROM path JOIN scope ON scope.id = path.scope WHERE parser <> ?)",
    "DELETE FROM inclusion WHERE path IN (SELECT path.id FROM path JOIN scope ON scope.id = path.scope WHERE parser <> ?)",
    "DELETE FROM path WHERE scope IN (SELECT id FROM scope WHERE parser <> ?)",
    "DELETE FROM indexed WHERE scope IN (SELECT id FROM scope WHERE parser <> ?)",
    "DELETE FROM scope WHERE parser <> ?",
)


class _Rows:
    """One connection, used by one thread at a time."""

    def __init__(self, file: Path | None) -> None:
        self._lock = threading.RLock()
        try:
            if file is not None:
                file.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(file or ":memory:", timeout=30, check_same_thread=False, isolation_level=None)
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("PRAGMA synchronous=NORMAL")
            self._connection.executescript(_TABLES)
        except (sqlite3.Error, OSError) as error:
            raise Unavailable(f"the cache of pins cannot be opened: {error}") from error

    @contextlib.contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                yield self._connection
            except sqlite3.Error as error:
                raise Unavailable(f"the cache of pins cannot be used: {error}") from error

    @contextlib.contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        with self.reading() as rows:
            rows.execute("BEGIN IMMEDIATE")
            try:
                yield rows
            except BaseException:
                rows.execute("ROLLBACK")
                raise
            rows.execute("COMMIT")

    def close(self) -> None:
        with self._lock:
            self._connection.close()


class _Found(Mapping[_Key, Reading]):
    """What was kept, put together as it is looked at: most are only asked whether they are there."""

    def __init__(self, told: dict[_Key, tuple[list[_Shape], str]]) -> None:
        self._told = told

    def __getitem__(self, key: _Key) -> Reading:
        shape, marks = self._told[key]
        return _reading(key[0], shape, json.loads(marks))

    def __contains__(self, key: object) -> bool:
        return key in self._told

    def __iter__(self) -> Iterator[_Key]:
        return iter(self._told)

    def __len__(self) -> int:
        return len(self._told)


class SqlitePinCache:
    """Safe to use from several threads and processes. What another version of the parser has read is forgotten."""

    def __init__(self, file: Path | None) -> None:
        self._start(_Rows(file), "")

    def _start(self, rows: _Rows, rules: str) -> None:
        self._rows = rows
        self._paths: dict[str, int] = {}
        self._numbers: dict[str, int] = {}
        self._shapes: dict[int, list[_Shape]] = {}
        with rows.reading() as reading:
            found = reading.execute("SELECT id FROM scope WHERE parser = ? AND rules = ?", (PARSER_VERSION, rules)).fetchone()
        if found is None:
            with rows.writing() as writing:
                for statement in _FORGET:
                    writing.execute(statement, (PARSER_VERSION,))
                writing.execute("INSERT OR IGNORE INTO scope (parser, rules) VALUES (?, ?)", (PARSER_VERSION, rules))
                found = writing.execute("SELECT id FROM scope WHERE parser = ? AND rules = ?", (PARSER_VERSION, rules)).fetchone()
        self._scope = int(found[0])

    def under(self, rules: str) -> SqlitePinCache:
        part = object.__new__(SqlitePinCache)
        part._start(self._rows, rules)
        return part

    @contextlib.contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        try:
            with self._rows.writing() as rows:
                yield rows
        except BaseException:
            self._paths.clear()  # what was numbered in a transaction that did not happen has no number
            self._numbers.clear()
            raise

    # Readings

    def get(self, keys: Iterable[_Key]) -> Mapping[_Key, Reading]:
        with self._rows.reading() as rows:
            found = list(self._found(rows, "SELECT asked.at, shape, marks FROM asked JOIN reading USING (path, blob)", keys))
            shapes = self._shapes_of(rows, {shape for _, shape, _ in found})
        return _Found({key: (shapes[shape], marks) for key, shape, marks in found})

    def _found(self, rows: sqlite3.Connection, select: str, keys: Iterable[_Key]) -> Iterator[tuple[Any, ...]]:
        """Yield what is kept of these keys, each row with its key in place of `asked.at`: many a statement, as each has its price."""
        left = iter(keys)
        while part := list(islice(left, _PART)):
            self._know(rows, {path for path, _ in part})
            asked = [(at, self._paths[path], _packed(blob)) for at, (path, blob) in enumerate(part) if path in self._paths]
            if asked:
                table = f"WITH asked (at, path, blob) AS (VALUES {','.join(['(?, ?, ?)'] * len(asked))}) "
                for at, *row in rows.execute(table + select, list(chain.from_iterable(asked))):
                    yield (part[at], *row)

    def put(self, readings: Mapping[_Key, Reading]) -> None:
        if not readings:
            return
        with self._writing() as rows:
            paths = self._number_paths(rows, {path for path, _ in readings})
            shapes = [_shape(reading) for reading in readings.values()]
            numbers = self._number_shapes(rows, shapes)
            made = [
                (paths[path], _packed(blob), numbers[shape], _marks(reading))
                for ((path, blob), reading), shape in zip(readings.items(), shapes, strict=True)
            ]
            rows.executemany("INSERT OR REPLACE INTO reading VALUES (?, ?, ?, ?)", made)

    def _number_shapes(self, rows: sqlite3.Connection, shapes: Iterable[str]) -> Mapping[str, int]:
        """Return the numbers of these shapes; those that have none yet get one."""
        if len(self._numbers) > _SHAPES:
            self._numbers.clear()
        names = {shape: hashlib.sha256(shape.encode()).digest()[:16] for shape in shapes if shape not in self._numbers}
        known = dict(_rows_of(rows, "SELECT hash, id FROM shape WHERE hash", names.values()))
        for shape, name in names.items():
            id_ = known.get(name) or rows.execute("INSERT INTO shape (hash, text) VALUES (?, ?)", (name, shape)).lastrowid
            self._numbers[shape] = int(id_ or 0)
        return self._numbers

    def _shapes_of(self, rows: sqlite3.Connection, numbers: Set[int]) -> Mapping[int, list[_Shape]]:
        if len(self._shapes) > _SHAPES:
            self._shapes = {}
        for id_, text in _rows_of(rows, "SELECT id, text FROM shape WHERE id", [id_ for id_ in numbers if id_ not in self._shapes]):
            self._shapes[id_] = [
                (document, yaml_path, (format_, PinKind(kind), *names), Style(style), partial)
                for document, yaml_path, format_, kind, *names, style, partial in json.loads(text)
            ]
        return self._shapes

    # Inclusions and how far the line has been read

    def included(self, keys: Iterable[_Key]) -> Mapping[_Key, tuple[str, ...]]:
        with self._rows.reading() as rows:
            found = self._found(rows, "SELECT asked.at, targets FROM asked JOIN inclusion USING (path, blob)", keys)
            return {key: tuple(json.loads(targets)) for key, targets in found}

    def put_included(self, inclusions: Mapping[_Key, tuple[str, ...]]) -> None:
        if not inclusions:
            return
        with self._writing() as rows:
            paths = self._number_paths(rows, {path for path, _ in inclusions})
            made = [(paths[path], _packed(blob), json.dumps(targets)) for (path, blob), targets in inclusions.items()]
            rows.executemany("INSERT OR REPLACE INTO inclusion VALUES (?, ?, ?)", made)

    def indexed(self, line: str) -> Sha | None:
        with self._rows.reading() as rows:
            row = rows.execute("SELECT tip FROM indexed WHERE scope = ? AND line = ?", (self._scope, line)).fetchone()
            return None if row is None else Sha(row[0])

    def put_indexed(self, line: str, commit: Sha) -> None:
        with self._rows.reading() as rows:
            rows.execute("INSERT OR REPLACE INTO indexed VALUES (?, ?, ?)", (self._scope, line, commit))

    # Paths

    def _know(self, rows: sqlite3.Connection, paths: Iterable[str]) -> None:
        """Have the numbers of these paths, where they have one."""
        new = {_bytes(path): path for path in paths if path not in self._paths}
        for name, id_ in _rows_of(rows, "SELECT name, id FROM path WHERE scope = ? AND name", new, self._scope):
            self._paths[new[name]] = id_

    def _number_paths(self, rows: sqlite3.Connection, paths: Set[str]) -> Mapping[str, int]:
        """Return the numbers of these paths; those that have none yet get one."""
        self._know(rows, paths)
        for path in paths - self._paths.keys():
            made = rows.execute("INSERT INTO path (scope, name) VALUES (?, ?)", (self._scope, _bytes(path)))
            self._paths[path] = int(made.lastrowid or 0)
        return self._paths

    def close(self) -> None:
        self._rows.close()


def _rows_of(rows: sqlite3.Connection, select: str, values: Iterable[object], *given: object) -> Iterator[tuple[Any, ...]]:
    """Yield the rows whose last named column is one of the values; `given` are the columns named before it."""
    left = iter(values)
    while part := list(islice(left, _PART)):
        yield from rows.execute(f"{select} IN ({','.join('?' * len(part))})", (*given, *part))


def _shape(reading: Reading) -> str:
    return _written(
        [
            (p.document, p.yaml_path, p.format, p.kind, p.object_kind, p.object_name, p.namespace, p.artefact, p.style, p.partial)
            for p in reading.pins
        ]
    )


def _marks(reading: Reading) -> str:
    marks: list[object] = []
    for pin in reading.pins:
        marks += (pin.line, pin.start, pin.end, pin.value)
    why = [[o.code, o.why, o.weight, o.path, o.line] for o in reading.objections]
    said = [[a.key, a.value, a.line, a.document, a.object_kind, a.object_name] for a in reading.annotations]
    return _written([marks, why, said] if said else [marks, why] if why else [marks])


def _reading(path: str, shape: list[_Shape], told: list[list[Any]]) -> Reading:
    marks = iter(told[0])
    pins = []
    for document, yaml_path, names, style, partial in shape:
        line, start, end, value = next(marks), next(marks), next(marks), next(marks)
        pins.append(Pin(path, document, yaml_path, line, start, end, *names, value, style, partial))
    why = told[1] if len(told) > 1 else ()
    said = tuple(Annotation(*each) for each in (told[2] if len(told) > 2 else ()))
    return Reading(tuple(pins), tuple(Objection(code, text, Weight(weight), where, line) for code, text, weight, where, line in why), said)


def _packed(blob: Sha) -> bytes:
    return bytes.fromhex(blob)


def _bytes(path: str) -> bytes:
    return path.encode(errors="surrogateescape")
