"""The store as values in one process, for worlds that live through months: what SQL keeps, and nothing but its speed differs.

tests/reconciler/test_shelf.py holds it to what SQLite answers, whatever is asked in whatever order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from bot.changes.change import PullRequest
from bot.errors import Stale
from bot.incidents.incident import Incident
from bot.ports import Delivery, Notice
from bot.records.entry import Entry
from bot.refs import Instant, ServiceRef


class MemoryStore:
    """Port Store."""

    def __init__(self) -> None:
        self._inbox: dict[str, Delivery] = {}
        self._handled: set[str] = set()
        self._incidents: dict[str, Incident] = {}
        self._entries: dict[str, list[Entry]] = {}
        self._kept: dict[str, bytes] = {}
        self._notices: dict[str, Notice] = {}

    def receive(self, delivery: Delivery) -> bool:
        return self._inbox.setdefault(delivery.key, delivery) is delivery

    def inbox(self, repository: str, limit: int | None = None, after: Delivery | None = None) -> Sequence[Delivery]:
        found = [one for one in self._inbox.values() if one.repository == repository and one.key not in self._handled]
        found.sort(key=_place)
        return tuple([one for one in found if after is None or _place(one) > _place(after)][:limit])

    def waiting(self, repository: str) -> int:
        return len(self.inbox(repository))

    def handled(self, *keys: str) -> None:
        self._handled |= self._inbox.keys() & set(keys)

    def prune(self, bodies: Instant, keys: Instant) -> int:
        gone = {key for key in self._handled if self._inbox[key].received < keys}
        self._inbox = {key: one for key, one in self._inbox.items() if key not in gone}
        self._handled -= gone
        old = {key for key in self._handled if self._inbox[key].received < bodies and self._inbox[key].body}
        self._inbox |= {key: replace(self._inbox[key], body=b"") for key in old}
        return len(gone) + len(old)

    def incident(self, key: str) -> Incident | None:
        return self._incidents.get(key)

    def open_incident(self, service: ServiceRef) -> Incident | None:
        return next(iter(self.incidents(service=service, open_only=True)), None)

    def incidents(self, repository: str | None = None, service: ServiceRef | None = None, *, open_only: bool = False) -> Sequence[Incident]:
        found = [
            one
            for one in self._incidents.values()
            if repository in (None, one.service.repository) and service in (None, one.service) and not (open_only and one.end)
        ]
        return tuple(sorted(found, key=lambda one: (-one.opened, one.id)))

    def save(self, incident: Incident, entries: Sequence[Entry] = (), *, lasting: bool = True) -> Incident:
        known = self._incidents.get(incident.id)
        if (known.rev if known else 0) != incident.rev:
            raise Stale(f"incident {incident.id} was saved by somebody else")
        others = [one for one in self.incidents(service=incident.service, open_only=True) if one.id != incident.id]
        if others and incident.end is None:
            raise Stale(f"incident {incident.id}: another one is open")
        self.append(entries)
        saved = replace(incident, rev=incident.rev + 1)
        self._incidents[incident.id] = saved
        return saved

    def append(self, entries: Sequence[Entry]) -> None:
        places = [(entry.incident, entry.seq) for entry in entries]
        taken = {(entry.incident, entry.seq) for name in {entry.incident for entry in entries} for entry in self._entries.get(name, ())}
        if taken & set(places) or len(set(places)) < len(places):
            raise Stale("another entry took that place first")
        for entry in entries:
            self._entries.setdefault(entry.incident, []).append(entry)

    def entries(self, incident: str) -> Sequence[Entry]:
        return tuple(sorted(self._entries.get(incident, ()), key=lambda entry: entry.seq))

    def last_entry(self, incident: str) -> Entry | None:
        return max(self._entries.get(incident, ()), key=lambda entry: entry.seq, default=None)

    def noted(self, key: str) -> bool:
        return any(entry.facts.get("key") == key for entry in self._entries.get("", ()))

    def keep(self, name: str, value: bytes, *, lasting: bool = True) -> None:
        self._kept[name] = value

    def kept(self, name: str) -> bytes | None:
        return self._kept.get(name)

    def kept_under(self, prefix: str) -> Mapping[str, bytes]:
        return {name: self._kept[name] for name in sorted(self._kept) if name.startswith(prefix)}

    def forget(self, name: str) -> None:
        self._kept.pop(name, None)

    def told(self, notice: Notice, outbox: tuple[str, bytes] | None = None) -> bool:
        new = self._notices.setdefault(notice.key, notice) is notice
        if new and outbox is not None:
            self.keep(*outbox)
        return new

    def notices(self) -> Sequence[Notice]:
        return tuple(self._notices.values())


class MemoryPullRows:
    """Port PullRows of one repository."""

    def __init__(self) -> None:
        self._pulls: dict[int, PullRequest] = {}
        self._comments: dict[int, dict[str, str]] = {}

    def pull(self, branch: str) -> PullRequest | None:
        found = [number for number, pull in self._pulls.items() if pull.branch == branch]
        return self._pulls[max(found)] if found else None

    def save_pull(self, pull: PullRequest) -> PullRequest:
        saved = pull if pull.number else replace(pull, number=max(self._pulls, default=0) + 1)
        self._pulls[saved.number] = saved
        return saved

    def save_comment(self, number: int, key: str, text: str) -> None:
        self._comments.setdefault(number, {})[key] = text

    def comments(self, number: int) -> Mapping[str, str]:
        return dict(self._comments.get(number, {}))


@dataclass(frozen=True)
class _Row:
    due: Instant | None
    lock: str
    leased: Instant | None = None
    holder: str | None = None


class MemoryQueueRows:
    """Port QueueRows of one process: nobody else dies here, so there is nobody to bury."""

    def __init__(self) -> None:
        self._rows: dict[str, _Row] = {}

    def put(self, key: str, due: Instant, lock: str = "") -> bool:
        row = self._rows.get(key)
        if row and row.due is not None and row.due <= due:
            return row.lock != lock
        self._rows[key] = replace(row, due=due, lock=lock) if row else _Row(due, lock)
        return True

    def take(self, now: Instant, until: Instant, holder: str) -> str | None:
        latest = now + 2 * (until - now)
        held = {row.lock: key for key, row in self._rows.items() if row.leased is not None and now < row.leased <= latest}
        ready = [
            (-1.0 if row.due is None else row.due, key)
            for key, row in self._rows.items()
            if (_over(row, now, latest) or (row.leased is None and row.due is not None and row.due <= now))
            and (row.lock == "" or held.get(row.lock, key) == key)
        ]
        key = min(ready)[1] if ready else None
        if key is not None:
            self._rows[key] = replace(self._rows[key], leased=until, due=None, holder=holder)
        return key

    def renew(self, holder: str, keys: Sequence[str], until: Instant) -> None:
        for key in keys:
            if key in self._rows and self._rows[key].holder == holder and self._rows[key].leased is not None:
                self._rows[key] = replace(self._rows[key], leased=until)

    def done(self, key: str, again: Instant | None, holder: str) -> None:
        row = self._rows.get(key)
        if row is None or row.holder != holder:
            return
        due = min((at for at in (row.due, again) if at is not None), default=None)
        del self._rows[key]
        if due is not None:
            self._rows[key] = _Row(due, row.lock)

    def release(self, holder: str) -> None:
        for key, row in self._rows.items():
            if row.holder == holder and row.leased is not None:
                self._rows[key] = _Row(row.due or 0.0, row.lock)

    def bury(self) -> Sequence[str]:
        return ()

    def moments(self) -> list[Instant]:
        """When something is due, or a lease runs out."""
        return [at for row in self._rows.values() for at in (row.leased or row.due,) if at is not None]


def _place(delivery: Delivery) -> tuple[Instant, str]:
    return delivery.received, delivery.key


def _over(row: _Row, now: Instant, latest: Instant) -> bool:
    return row.leased is not None and not now < row.leased <= latest
