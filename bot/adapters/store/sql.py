"""The Store port over a Database."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache

import sqlalchemy as sa
from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError
from sqlalchemy.engine import Connection, Row
from sqlalchemy.exc import IntegrityError

from bot.adapters.store.receiving import Reception
from bot.adapters.store.schema import Database, entries, inbox, incidents, kept, notices
from bot.errors import Stale
from bot.incidents.incident import Incident
from bot.ports import Delivery, Notice
from bot.records.entry import Entry, Stage
from bot.refs import Instant, ServiceRef

PRUNED = 1000
"""How many old deliveries go at a time: nobody waits long behind it."""
READ = 100
"""Incidents whose text need not be read anew: some 15 MB where each has as many symptoms as it keeps."""
_INCIDENT: TypeAdapter[Incident] = TypeAdapter(Incident)


class SqlStore:
    def __init__(self, database: Database) -> None:
        self._database, self._reception = database, Reception(database)

    def receive(self, delivery: Delivery) -> bool:
        return self._reception.receive(delivery)

    def inbox(self, repository: str, limit: int | None = None, after: Delivery | None = None) -> Sequence[Delivery]:
        waiting = inbox.select().where(inbox.c.repository == repository, ~inbox.c.handled).order_by(inbox.c.received, inbox.c.key)
        if after is not None:
            later = sa.or_(inbox.c.received > after.received, sa.and_(inbox.c.received == after.received, inbox.c.key > after.key))
            waiting = waiting.where(later)
        with self._database.reading() as connection:
            rows = connection.execute(waiting.limit(limit)).all()
        return tuple(Delivery(row.key, row.source, row.repository, row.body, row.received) for row in rows)

    def waiting(self, repository: str) -> int:
        count = sa.select(sa.func.count()).select_from(inbox).where(inbox.c.repository == repository, ~inbox.c.handled)
        with self._database.reading() as connection:
            return int(connection.execute(count).scalar_one())

    def handled(self, *keys: str) -> None:
        with self._database.writing(lasting=False) as connection:  # what is taken in twice joins nothing twice
            connection.execute(inbox.update().where(inbox.c.key.in_(keys)).values(handled=True))

    def prune(self, bodies: Instant, keys: Instant) -> int:
        old = sa.and_(inbox.c.handled, inbox.c.received < bodies, sa.func.length(inbox.c.body) > 0)
        some = sa.select(inbox.c.key).where(old).limit(PRUNED)
        gone = sa.select(inbox.c.key).where(inbox.c.handled, inbox.c.received < keys).limit(PRUNED)
        with self._database.writing(lasting=False) as connection:
            forgotten = connection.execute(inbox.delete().where(inbox.c.key.in_(gone))).rowcount
            return int(forgotten + connection.execute(inbox.update().where(inbox.c.key.in_(some)).values(body=b"")).rowcount)

    def incident(self, key: str) -> Incident | None:
        with self._database.reading() as connection:
            text = connection.execute(sa.select(incidents.c.incident).where(incidents.c.id == key)).scalar()
        return None if text is None else _read(text)

    def open_incident(self, service: ServiceRef) -> Incident | None:
        return next(iter(self.incidents(service=service, open_only=True)), None)

    def incidents(self, repository: str | None = None, service: ServiceRef | None = None, *, open_only: bool = False) -> Sequence[Incident]:
        query = sa.select(incidents.c.incident).order_by(incidents.c.opened.desc(), incidents.c.id)
        if repository is not None:
            query = query.where(incidents.c.repository == repository)
        if service is not None:
            columns = _service(service)
            query = query.where(*(incidents.c[name] == value for name, value in columns.items()))
        if open_only:
            query = query.where(incidents.c.open)
        with self._database.reading() as connection:
            return tuple(_read(text) for text in connection.execute(query).scalars())

    def save(self, incident: Incident, entries: Sequence[Entry] = (), *, lasting: bool = True) -> Incident:
        saved = replace(incident, rev=incident.rev + 1)
        columns = _service(incident.service) | {
            "opened": incident.opened,
            "open": incident.end is None,
            "due": incident.due,
            "rev": saved.rev,
            "incident": _written(saved),
        }
        try:
            with self._database.writing(lasting) as connection:
                if incident.rev == 0:
                    connection.execute(incidents.insert().values(id=incident.id, **columns))
                else:
                    here = sa.and_(incidents.c.id == incident.id, incidents.c.rev == incident.rev)
                    if not connection.execute(incidents.update().where(here).values(**columns)).rowcount:
                        raise Stale(f"incident {incident.id} was saved by somebody else")
                _append(connection, entries)
        except IntegrityError as error:
            raise Stale(f"incident {incident.id}: another one is open, or its record went on") from error
        return saved

    def append(self, entries: Sequence[Entry]) -> None:
        try:
            with self._database.writing() as connection:
                _append(connection, entries)
        except IntegrityError as error:
            raise Stale("another entry took that place first") from error

    def entries(self, incident: str) -> Sequence[Entry]:
        query = entries.select().where(entries.c.incident == incident).order_by(entries.c.seq)
        with self._database.reading() as connection:
            return tuple(_entry(row) for row in connection.execute(query))

    def last_entry(self, incident: str) -> Entry | None:
        query = entries.select().where(entries.c.incident == incident).order_by(entries.c.seq.desc()).limit(1)
        with self._database.reading() as connection:
            row = connection.execute(query).first()
        return None if row is None else _entry(row)

    def noted(self, key: str) -> bool:
        with self._database.reading() as connection:
            return connection.execute(sa.select(entries.c.seq).where(entries.c.incident == "", entries.c.key == key)).first() is not None

    def keep(self, name: str, value: bytes, *, lasting: bool = True) -> None:
        with self._database.writing(lasting) as connection:
            connection.execute(self._database.upsert(kept, ("name",), {"name": name, "value": value}))

    def kept(self, name: str) -> bytes | None:
        with self._database.reading() as connection:
            return connection.execute(sa.select(kept.c.value).where(kept.c.name == name)).scalar()

    def kept_under(self, prefix: str) -> Mapping[str, bytes]:
        query = sa.select(kept.c.name, kept.c.value).where(kept.c.name.startswith(prefix, autoescape=True)).order_by(kept.c.name)
        with self._database.reading() as connection:
            return {row.name: row.value for row in connection.execute(query) if row.name.startswith(prefix)}

    def forget(self, name: str) -> None:
        with self._database.writing(lasting=False) as connection:  # what comes back is delivered or told once more
            connection.execute(kept.delete().where(kept.c.name == name))

    def told(self, notice: Notice, outbox: tuple[str, bytes] | None = None) -> bool:
        values = {"key": notice.key, "title": notice.title, "text": notice.text, "urgent": notice.urgent}
        with self._database.writing() as connection:
            new = connection.execute(self._database.insert_once(notices, ("key",), values)).first() is not None
            if new and outbox is not None:
                connection.execute(self._database.upsert(kept, ("name",), {"name": outbox[0], "value": outbox[1]}))
            return new

    def notices(self) -> Sequence[Notice]:
        with self._database.reading() as connection:
            rows = connection.execute(notices.select().order_by(notices.c.number)).all()
        return tuple(Notice(row.key, row.title, row.text, row.urgent) for row in rows)


def _written(incident: Incident) -> str:
    try:
        return _INCIDENT.dump_json(incident).decode()
    except PydanticSerializationError:  # a stranger's label holds half a surrogate pair
        return json.dumps(_INCIDENT.dump_python(incident, mode="json"))


@lru_cache(READ)
def _read(text: str) -> Incident:
    """An incident is a value: whoever reads the same text again gets the same one. In a storm one is read for each of the others."""
    try:
        return _INCIDENT.validate_json(text)
    except ValidationError:
        return _INCIDENT.validate_python(json.loads(text))


def _service(service: ServiceRef) -> dict[str, object]:
    return {
        "repository": service.repository,
        "environment": service.environment,
        "cluster": service.cluster or "",
        "service": service.name,
    }


def _append(connection: Connection, new: Sequence[Entry]) -> None:
    rows = [
        {
            "incident": entry.incident,
            "seq": entry.seq,
            "at": entry.at,
            "stage": entry.stage.value,
            "what": entry.what,
            "because": json.dumps(entry.because),
            "facts": json.dumps(dict(entry.facts)),
            "previous": entry.previous,
            "hash": entry.hash,
            "key": None if entry.incident else entry.facts.get("key"),
        }
        for entry in new
    ]
    if rows:
        connection.execute(entries.insert(), rows)


def _entry(row: Row[tuple[object, ...]]) -> Entry:
    because, facts = tuple(json.loads(row.because)), json.loads(row.facts)
    return Entry(row.seq, row.at, row.incident, Stage(row.stage), row.what, because, facts, row.previous, row.hash)
