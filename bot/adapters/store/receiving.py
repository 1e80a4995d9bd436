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
        self._database = database
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
        written = []
        with self._database.writing() as connection:
            for ticket in tickets:
                one = ticket.delivery
                values = {"key": one.key, "source": one.source, "repository": one.repository, "body": one.body, "received": one.received}
                insert = self._database.insert_once(inbox, ("key",), values | {"handled": False})
                written.append(connection.execute(insert).first() is not None)
        for ticket, new in zip(tickets, written, strict=True):
            ticket.new = new
