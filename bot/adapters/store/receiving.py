"""Deliveries that arrive together are written together: one transaction, one flush to the disk, however many doors wait for it."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from bot.adapters.store.schema import Database, inbox
from bot.ports import Delivery


@dataclass(slots=True)
class _Ticket:
    """A delivery whose door waits: `new` is None until it was written."""

    delivery: Delivery
    new: bool | None = None


class Reception:
    """Whoever comes while another writes leaves its delivery in the line; the first of the line to have its turn writes all of them."""

    def __init__(self, database: Database) -> None:
        self._database, self._insert = database, database.insert_once(inbox, ("key",))
        self._line: list[_Ticket] = []
        self._entering, self._turn = threading.Lock(), threading.Lock()

    def receive(self, delivery: Delivery) -> bool:
        """Put it into the inbox; False where it is, or was, there already. Raises Unavailable where it was not written."""
        ticket = _Ticket(delivery)
        with self._entering:
            self._line.append(ticket)
        with self._turn:
            if ticket.new is None:
                self._write(self._taken(ticket))
        return bool(ticket.new)

    def _taken(self, own: _Ticket) -> list[_Ticket]:
        """Take the line. A ticket that an earlier turn could not write is no more in it: its own door writes it."""
        with self._entering:
            line, self._line = self._line, []
        return line if own in line else [own, *line]

    def _write(self, tickets: list[_Ticket]) -> None:
        rows = [
            {
                "key": one.key,
                "source": one.source,
                "repository": one.repository,
                "body": one.body,
                "received": one.received,
                "handled": False,
            }
            for one in (ticket.delivery for ticket in tickets)
        ]
        with self._database.writing() as connection:
            new = set(connection.execute(self._insert, rows).scalars())
        for ticket in tickets:
            ticket.new = ticket.delivery.key in new
            new.discard(ticket.delivery.key)
