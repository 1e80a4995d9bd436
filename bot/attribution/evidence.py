"""What is known of an incident and of what was released before it: all that the posterior may look at, as values.

Times are seconds since 1970, services are named by text that is only compared. Every part but the alert may be empty: the
posterior then says how little it knows.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bot.refs import Instant


class Kind(StrEnum):
    """What a series measures; it says in which direction a change is bad."""

    LATENCY = "latency"
    """Up is bad. Any unit of time."""
    ERRORS = "errors"
    """Up is bad: a rate, a ratio or a count."""
    AVAILABILITY = "availability"
    """Down is bad: a ratio of successes."""
    RESOURCE = "resource"
    """Either way: CPU, memory, disk, queue lengths."""
    CALLS = "calls"
    """Up says that the service waits for others: the latency of the calls it makes."""
    TRAFFIC = "traffic"
    """How much it is asked. It is not weighed: on the data the weights were fitted on it told culprits and victims no better apart."""


@dataclass(frozen=True, slots=True)
class Series:
    """One metric of one service: `values[i]` was measured over the step that ends at `times[i]`. NaN is missing.

    `counter`: the values only rise but for resets to zero, and are read as their increase per second.
    """

    service: str
    metric: str
    kind: Kind
    times: tuple[Instant, ...]
    values: tuple[float, ...]
    counter: bool = False


@dataclass(frozen=True, slots=True)
class Touched:
    """What the release changed in its source or manifests: paths, and the text of the change where it is known."""

    paths: tuple[str, ...] = ()
    diff: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class TrackRecord:
    """Releases of the same service (or of the same author's kind) in our own records: how many were blamed, how many were not."""

    blamed: int = 0
    harmless: int = 0


@dataclass(frozen=True, slots=True)
class Candidate:
    """A release that might be to blame. `key` names it (a commit); the answer names it by the same key.

    `released_at`: since when it is live, or its commit time. `shared_with`: the other services that the same commit changed.
    `bot`: released by an automation, by a person, or None where that is not known. `lines`: size of the change.
    `prior`: a change-failure rate in (0, 1) that the caller knows better than the track record does.
    """

    key: str
    service: str
    released_at: Instant
    shared_with: tuple[str, ...] = ()
    touched: Touched | None = None
    bot: bool | None = None
    lines: int | None = None
    record: TrackRecord = TrackRecord()
    prior: float | None = None


@dataclass(frozen=True, slots=True)
class Edge:
    """`caller` calls `callee`."""

    caller: str
    callee: str


@dataclass(frozen=True, slots=True)
class Alert:
    """`first_breach_at` is when its expression was first true, None where nobody knows; `user_report`: a person says so, no metric.

    `service` None: it names none of the services. `kind` None: what its metric measures is not known.
    """

    service: str | None
    metric: str
    fired_at: Instant
    first_breach_at: Instant | None = None
    user_report: bool = False
    kind: Kind | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Count:
    """Of `total` requests in one step, `failed` failed."""

    failed: int
    total: int


@dataclass(frozen=True, slots=True)
class SideBySide:
    """Candidate `key` and the version before it, serving the same traffic at the same time, step by step (same length)."""

    key: str
    new: tuple[Count, ...]
    old: tuple[Count, ...]


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line that a service logged; `severe`: as an error or worse. `trace`: the trace it belongs to."""

    time: Instant
    service: str
    text: str
    severe: bool = False
    trace: str = ""


@dataclass(frozen=True, slots=True)
class ChangeEvent:
    """A change that is no release of this repository: a flag, infrastructure, a database, a CDN, a node (F19)."""

    time: Instant
    service: str
    text: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """All of it. Only samples and lines up to `alert.fired_at` (plus the time waited since) may be in here."""

    alert: Alert
    candidates: tuple[Candidate, ...]
    series: tuple[Series, ...] = ()
    edges: tuple[Edge, ...] = ()
    side_by_side: tuple[SideBySide, ...] = ()
    logs: tuple[LogLine, ...] = ()
    events: tuple[ChangeEvent, ...] = ()
