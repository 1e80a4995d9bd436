"""The QueueRows port: keys that are due, and leases on them that hold across processes."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from bot.adapters.store.presence import presence
from bot.adapters.store.schema import Database, queue
from bot.refs import Instant

TAKING = 0x726F6C6C_00000002
"""The advisory lock under which one worker at a time takes a key: two that took at once might take two keys of one lock."""

REST = 0.25
"""Seconds that a key rests which was put while it was worked on: what comes in one by one is then looked at together."""
WAITS = sa.select(queue.c.key).where(
    queue.c.key == sa.bindparam("wanted"), queue.c.due <= sa.bindparam("at"), queue.c.lock == sa.bindparam("locked")
)


def _first() -> sa.Select[str]:
    """Select the key that is due longest, is held by nobody, and whose lock nobody holds.

    A lease that ends later than any that could be given `now` (`latest`) is of a clock that has jumped back since: it holds nothing.
    """
    now, latest, other = sa.bindparam("now", type_=sa.Double), sa.bindparam("latest", type_=sa.Double), queue.alias()
    held = sa.exists().where(other.c.lock == queue.c.lock, other.c.key != queue.c.key, other.c.leased > now, other.c.leased <= latest)
    over = sa.or_(queue.c.leased <= now, queue.c.leased > latest)
    free = sa.or_(queue.c.leased.is_(None), over)
    ready = sa.or_(queue.c.due <= now, over)
    unlocked = sa.or_(queue.c.lock == "", ~held)
    return sa.select(queue.c.key).where(free, ready, unlocked).order_by(queue.c.due, queue.c.key).limit(1)


FIRST = _first()
FIRST_AND_LOCK = FIRST.with_for_update(skip_locked=True, of=queue)


class SqlQueueRows:
    """The sweep puts back what a power cut takes: the keys of inboxes that are not empty and of incidents that are due.

    `rest`: seconds that a key rests which was put while it was worked on.
    """

    def __init__(self, database: Database, rest: float = 0.0) -> None:
        self._database, self._rest = database, rest
        self._presence = presence(database)

    def put(self, key: str, due: Instant, lock: str = "") -> bool:
        with self._database.reading() as connection:
            waits = connection.execute(WAITS, {"wanted": key, "at": due + self._rest, "locked": lock}).first() is not None
        if waits:  # whoever takes it does so after this, and sees what it was put for
            return False
        with self._database.writing(lasting=False) as connection:
            connection.execute(self._database.insert_once(queue, ("key",), {"key": key, "due": due, "leased": None, "lock": lock}))
            sooner = sa.and_(queue.c.key == key, sa.or_(queue.c.due.is_(None), queue.c.due > due))
            connection.execute(queue.update().where(sooner).values(due=due, lock=lock))
        return True

    def take(self, now: Instant, until: Instant, holder: str) -> str | None:
        times = {"now": now, "latest": now + 2 * (until - now)}
        with self._database.reading() as connection:  # mostly nothing is due: no need to hold up those who write
            if connection.execute(FIRST, times).first() is None:
                return None
        with self._database.writing(lasting=False) as connection:
            if self._database.shared:
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(TAKING)))
            key = connection.execute(FIRST_AND_LOCK, times).scalar()
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
            meanwhile = found.due + self._rest if found and found.due is not None else None
            due = min((at for at in (meanwhile, again) if at is not None), default=None)
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
