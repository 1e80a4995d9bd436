"""The QueueRows port: keys that are due, and leases on them. What is lost of them in a power cut the sweep finds again."""

from __future__ import annotations

import sqlalchemy as sa

from bot.adapters.store.schema import Database, queue
from bot.refs import Instant


class SqlQueueRows:
    """The sweep puts back what a power cut takes: the keys of inboxes that are not empty and of incidents that are due."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, key: str, due: Instant) -> None:
        with self._database.writing(lasting=False) as connection:
            connection.execute(self._database.insert_once(queue, ("key",), {"key": key, "due": due, "leased": None}))
            sooner = sa.and_(queue.c.key == key, sa.or_(queue.c.due.is_(None), queue.c.due > due))
            connection.execute(queue.update().where(sooner).values(due=due))

    def take(self, now: Instant, until: Instant) -> str | None:
        free = sa.or_(queue.c.leased.is_(None), queue.c.leased <= now)
        ready = sa.or_(queue.c.due <= now, queue.c.leased <= now)
        first = sa.select(queue.c.key).where(free, ready).order_by(queue.c.due, queue.c.key).limit(1).with_for_update(skip_locked=True)
        with self._database.writing(lasting=False) as connection:
            key = connection.execute(first).scalar()
            if key is not None:
                connection.execute(queue.update().where(queue.c.key == key).values(leased=until, due=None))
        return key

    def done(self, key: str, again: Instant | None) -> None:
        with self._database.writing(lasting=False) as connection:
            meanwhile = connection.execute(sa.select(queue.c.due).where(queue.c.key == key)).scalar()
            due = min((at for at in (meanwhile, again) if at is not None), default=None)
            if due is None:
                connection.execute(queue.delete().where(queue.c.key == key))
            else:
                connection.execute(queue.update().where(queue.c.key == key).values(leased=None, due=due))

    def take_over(self) -> None:
        """Give every lease back: for a process that starts as the one worker, after one that died with keys in its hands."""
        with self._database.writing(lasting=False) as connection:
            held = queue.c.leased.is_not(None)
            connection.execute(queue.update().where(held).values(due=sa.func.coalesce(queue.c.due, 0.0), leased=None))
