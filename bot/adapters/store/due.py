"""The QueueRows port: keys that are due, and leases on them that hold across processes."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from bot.adapters.store.presence import presence
from bot.adapters.store.schema import Database, queue
from bot.refs import Instant

TAKING = 0x726F6C6C_00000002
"""The advisory lock under which one worker at a time takes a key: two that took at once might take two keys of one lock."""


class SqlQueueRows:
    """The sweep puts back what a power cut takes: the keys of inboxes that are not empty and of incidents that are due."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._presence = presence(database)

    def put(self, key: str, due: Instant, lock: str = "") -> None:
        waits = sa.select(queue.c.key).where(queue.c.key == key, queue.c.due <= due, queue.c.lock == lock)
        with self._database.reading() as connection:
            if connection.execute(waits).first() is not None:  # whoever takes it does so after this, and sees what it was put for
                return
        with self._database.writing(lasting=False) as connection:
            connection.execute(self._database.insert_once(queue, ("key",), {"key": key, "due": due, "leased": None, "lock": lock}))
            sooner = sa.and_(queue.c.key == key, sa.or_(queue.c.due.is_(None), queue.c.due > due))
            connection.execute(queue.update().where(sooner).values(due=due, lock=lock))

    def take(self, now: Instant, until: Instant, holder: str) -> str | None:
        with self._database.writing(lasting=False) as connection:
            if self._database.shared:
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(TAKING)))
            key = connection.execute(_first(now, until)).scalar()
            if key is not None:
                connection.execute(queue.update().where(queue.c.key == key).values(leased=until, due=None, holder=holder))
        return key

    def renew(self, holder: str, keys: Sequence[str], until: Instant) -> None:
        self._presence.hold(holder)
        ours = sa.and_(queue.c.holder == holder, queue.c.leased.is_not(None), queue.c.key.in_(keys))
        if keys:
            with self._database.writing(lasting=False) as connection:
                connection.execute(queue.update().where(ours).values(leased=until))

    def done(self, key: str, again: Instant | None, holder: str) -> None:
        with self._database.writing(lasting=False) as connection:
            found = connection.execute(sa.select(queue.c.due, queue.c.holder).where(queue.c.key == key).with_for_update()).first()
            due = min((at for at in (found.due if found else None, again) if at is not None), default=None)
            if found is None or found.holder != holder:  # others took it for abandoned: it is theirs now
                return
            if due is None:
                connection.execute(queue.delete().where(queue.c.key == key))
            else:
                connection.execute(queue.update().where(queue.c.key == key).values(leased=None, due=due, holder=None))

    def release(self, holder: str) -> None:
        self._presence.leave(holder)
        self._give_back(holder)

    def bury(self) -> tuple[str, ...]:
        held = sa.select(queue.c.holder).distinct().where(queue.c.leased.is_not(None), queue.c.holder.is_not(None))
        with self._database.reading() as connection:
            holders = tuple(connection.execute(held).scalars())
        buried = []
        for holder in holders:
            with self._presence.gone(holder) as gone:
                if gone:
                    self._give_back(holder)
                    buried.append(holder)
        return tuple(buried)

    def _give_back(self, holder: str) -> None:
        held = sa.and_(queue.c.holder == holder, queue.c.leased.is_not(None))
        with self._database.writing(lasting=False) as connection:
            connection.execute(queue.update().where(held).values(due=sa.func.coalesce(queue.c.due, 0.0), leased=None, holder=None))


def _first(now: Instant, until: Instant) -> sa.Select[str]:
    """Select the key that is due longest, is held by nobody, and whose lock nobody holds.

    A lease that ends later than any that could be given now is of a clock that has jumped back since: it holds nothing.
    """
    latest = now + 2 * (until - now)
    other = queue.alias()
    held = sa.exists().where(other.c.lock == queue.c.lock, other.c.key != queue.c.key, other.c.leased > now, other.c.leased <= latest)
    over = sa.or_(queue.c.leased <= now, queue.c.leased > latest)
    free = sa.or_(queue.c.leased.is_(None), over)
    ready = sa.or_(queue.c.due <= now, over)
    unlocked = sa.or_(queue.c.lock == "", ~held)
    chosen = sa.select(queue.c.key).where(free, ready, unlocked)
    return chosen.order_by(queue.c.due, queue.c.key).limit(1).with_for_update(skip_locked=True, of=queue)
