"""What is known besides Git, and what is due."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from bot.incidents.incident import Incident
from bot.ports.people import Notice
from bot.records.entry import Entry
from bot.refs import Instant, ServiceRef


class Queue(Protocol):
    """Keys of incidents that are due. Enqueuing a key that is waiting already is success."""

    def enqueue(self, key: str, due: Instant) -> None: ...


@dataclass(frozen=True, slots=True)
class Delivery:
    """What came in at a door, verified, as it came. `key` is the same for a repeated delivery of the same bytes."""

    key: str
    source: str
    repository: str
    body: bytes
    received: Instant


class Store(Protocol):
    """What Rollbot knows besides Git: inbox, incidents, records, notices. Every write is one transaction."""

    def receive(self, delivery: Delivery) -> bool:
        """Put it into the inbox; False where it is, or was, there already."""
        ...

    def inbox(self, repository: str, limit: int | None = None, after: Delivery | None = None) -> Sequence[Delivery]:
        """What was not handled yet, oldest first; `after`: only what comes after that one."""
        ...

    def waiting(self, repository: str) -> int:
        """How many deliveries were not handled yet."""
        ...

    def handled(self, *keys: str) -> None: ...

    def prune(self, bodies: Instant, keys: Instant) -> int:
        """Empty the handled deliveries that came before `bodies`, forget those that came before `keys`; say how many changed.

        Until it is forgotten, a delivery that comes again is known. Incidents and records are never pruned.
        """
        ...

    def incident(self, key: str) -> Incident | None: ...

    def open_incident(self, service: ServiceRef) -> Incident | None:
        """The one incident of a service that has not ended, if any."""
        ...

    def incidents(self, repository: str | None = None, service: ServiceRef | None = None, *, open_only: bool = False) -> Sequence[Incident]:
        """Newest first."""
        ...

    def save(self, incident: Incident, entries: Sequence[Entry] = (), *, lasting: bool = True) -> Incident:
        """Insert (rev 0) or replace it together with its new entries, and answer it with the next rev.

        Not `lasting`: a power cut may take it, with all that was written after it; for what would be done again then.
        Raises Stale where the stored rev is another, or where another incident of the service is open.
        """
        ...

    def append(self, entries: Sequence[Entry]) -> None:
        """Add entries that belong to no incident. Raises Stale where another took their place first."""
        ...

    def entries(self, incident: str) -> Sequence[Entry]:
        """A record, oldest entry first; "" for what belongs to no incident."""
        ...

    def last_entry(self, incident: str) -> Entry | None: ...

    def noted(self, key: str) -> bool:
        """Whether an entry that belongs to no incident has that `key` among its facts."""
        ...

    def keep(self, name: str, value: bytes, *, lasting: bool = True) -> None:
        """Remember a small value (the last good configuration of a repository). Not `lasting`: as in `save`."""
        ...

    def kept(self, name: str) -> bytes | None: ...

    def kept_under(self, prefix: str) -> Mapping[str, bytes]:
        """Every small value whose name begins so, by name."""
        ...

    def forget(self, name: str) -> None:
        """Keep that small value no more."""
        ...

    def told(self, notice: Notice, outbox: tuple[str, bytes] | None = None) -> bool:
        """Remember a notice; False where one with its key was remembered before. A new one's `outbox` (name, value) is kept with it."""
        ...

    def notices(self) -> Sequence[Notice]:
        """Oldest first."""
        ...


class QueueRows(Protocol):
    """Where the `local` queue keeps what is due; several processes may share it. `holder` names a worker process."""

    def put(self, key: str, due: Instant, lock: str = "") -> bool:
        """Insert, or bring forward where it waits for later; False where it waits for then already.

        Of the keys with the same `lock` ("": none) one is worked on at a time.
        """
        ...

    def take(self, now: Instant, until: Instant, holder: str) -> str | None:
        """Lease the key that is due longest until `until`; a lease that ran out counts as due."""
        ...

    def renew(self, holder: str, keys: Sequence[str], until: Instant) -> None:
        """Be seen to be alive, and hold those keys until `until`; what else is held runs out."""
        ...

    def done(self, key: str, again: Instant | None, holder: str) -> None:
        """Give a leased key back: it goes, or is due again at `again`, or sooner where somebody put it meanwhile (after a little rest)."""
        ...

    def release(self, holder: str) -> None:
        """Give back everything that is held, and be seen no more."""
        ...

    def bury(self) -> Sequence[str]:
        """Give back what those hold who are seen to be dead, and name them."""
        ...
