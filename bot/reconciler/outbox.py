"""Notices on their way to people: each is kept, with what became of it at every messenger, until all have it.

A row is written in the transaction that remembers its notice, so no kill loses it; and forgotten once it is settled everywhere.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace

from bot.ports import Notice, Ports
from bot.refs import Instant, ServiceRef

NOTIFY = "notify:"
"""The queue's key of the work that delivers; the repository's name follows."""


@dataclass(frozen=True, slots=True)
class Sent:
    """How it went at one messenger. `done`: when it took it, None while it has not. `why`: what it said last."""

    tries: int = 0
    again: Instant = 0.0
    done: Instant | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A notice that is not settled everywhere yet; `at` and `place` are the order of telling. `paged`: its page is raised or taken down."""

    notice: Notice
    at: Instant
    place: int = 0
    paged: bool = False
    sent: Mapping[str, Sent] = field(default_factory=dict)

    def of(self, messenger: str) -> Sent:
        return self.sent.get(messenger, Sent())

    def with_(self, messenger: str, how: Sent) -> Waiting:
        return replace(self, sent={**self.sent, messenger: how})


def announce(notices: Iterable[Notice], ports: Ports) -> None:
    """Log them, remember them, and have them delivered; what was told before is told no more."""
    now, new = ports.clock.now(), False
    for place, each in enumerate(notices):
        ports.notifier.notify(each)
        row = (_name(each, ports), written(Waiting(each, now, place))) if ports.messengers else None
        new |= ports.store.told(each, row) and row is not None
    if new:
        ports.queue.enqueue(f"{NOTIFY}{ports.repository.name}", now)


def waiting(ports: Ports) -> list[Waiting]:
    """What is on its way, in the order of telling."""
    rows = [read(text) for text in ports.store.kept_under(_prefix(ports)).values()]
    return sorted(rows, key=lambda row: (row.at, row.place, row.notice.key))


def keep(row: Waiting, ports: Ports) -> None:
    ports.store.keep(_name(row.notice, ports), written(row))


def forget(row: Waiting, ports: Ports) -> None:
    ports.store.forget(_name(row.notice, ports))


def lost(row: Waiting, messengers: Iterable[str]) -> bool:
    """Whether it is urgent, was tried everywhere, and nobody has it."""
    how = [row.of(name) for name in messengers]
    return row.notice.urgent and bool(how) and all(each.tries and each.done is None for each in how)


def written(row: Waiting) -> bytes:
    return json.dumps(asdict(row), sort_keys=True).encode("utf-8")


def read(text: bytes) -> Waiting:
    """The row that `written` wrote. Of a later version it may hold more, which is left out."""
    raw = json.loads(text)
    return Waiting(noticed(raw["notice"]), raw["at"], raw["place"], raw["paged"], {name: Sent(**how) for name, how in raw["sent"].items()})


def noticed(raw: dict[str, object]) -> Notice:
    """A notice from its fields, as `dataclasses.asdict` gives them."""
    service = raw.get("service")
    found = ServiceRef(**service) if isinstance(service, dict) else None
    return Notice(**{**raw, "service": found})  # type: ignore[arg-type]


def _prefix(ports: Ports) -> str:
    return f"notice:{ports.repository.name}\n"


def _name(notice: Notice, ports: Ports) -> str:
    return f"{_prefix(ports)}{notice.key}"
