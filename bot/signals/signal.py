"""Signals: what arrives at the doors, in one shape. Values only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum

from bot.refs import Instant


class Status(StrEnum):
    FIRING = "firing"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert instance, firing or resolved.

    `key` is the same for the same delivery sent again, `instance` also for the alert's other status; "" in a resolution whose sender
    cannot say which start it ends: all of that `fingerprint`, which names what fires whatever the time.
    `started_at` is when the sender says that it fired, never later than `received_at`. `ended_at` is None while it fires.
    `severity` is lower case, "" where no label says it. `truncated`: alerts of the same group that the sender left out.
    `never`: why it changes nothing in Git, whoever opts it in (there were no data); "" where nothing is said against it.
    """

    source: str
    key: str
    name: str
    status: Status
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    severity: str
    started_at: Instant
    ended_at: Instant | None
    fingerprint: str
    generator_url: str | None
    received_at: Instant
    instance: str = ""
    truncated: int = 0
    group: Mapping[str, str] = field(default_factory=dict)
    never: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """A person's command, or an API call: roll this back. Exactly one of `service`, `path`, `commit` says what.

    `mode` (`pr`, `merge`, `push`) and `to` are None where the person left them to us.
    """

    key: str
    actor: str
    at: Instant
    service: str | None = None
    environment: str | None = None
    path: str | None = None
    artefact: str | None = None
    at_path: str | None = None
    value: str | None = None
    commit: str | None = None
    to: str | None = None
    mode: str | None = None
    reason: str = ""
    pins_only: bool = False
    drain: bool = False
    """Take the bad side's traffic away too."""


@dataclass(frozen=True, slots=True)
class Thread:
    """An issue or pull request: `repository` is `owner/name` at the forge."""

    repository: str
    number: int


class Role(IntEnum):
    """What a person may do in a repository, each including those before it; `NONE` for outsiders."""

    NONE = 0
    READ = 1
    TRIAGE = 2
    WRITE = 3
    MAINTAIN = 4
    ADMIN = 5


class Reaction(StrEnum):
    """What we say with one picture: 👀 🚀 👎 😕, by the forge's names."""

    SEEN = "eyes"
    DONE = "rocket"
    REFUSED = "-1"
    UNCLEAR = "confused"


@dataclass(frozen=True, slots=True)
class Discussion:
    """What a thread is about. For a pull request: its state (open, merged, closed), head, merge commit and branches."""

    title: str
    pull: bool
    state: str
    author: str
    labels: tuple[str, ...] = ()
    branch: str | None = None
    target: str | None = None
    head: str | None = None
    merge: str | None = None
    fork: bool = False


@dataclass(frozen=True, slots=True)
class Command:
    """A person's comment that may be a command; its words are read when it is carried out. `actor` is a login, `text` capped."""

    key: str
    at: Instant
    actor: str
    actor_id: int
    thread: Thread
    comment: int
    text: str
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """A JSON object of a system that we know nothing of; the configuration says what its fields mean."""

    key: str
    at: Instant
    body: bytes


@dataclass(frozen=True, slots=True)
class ChangeEvent:
    """Something changed at the forge, or was deployed: a hint to look again at what has to do with that branch, commit or pull."""

    key: str
    at: Instant
    what: str
    branches: tuple[str, ...] = ()
    commits: tuple[str, ...] = ()
    pulls: tuple[int, ...] = ()


DEPLOYED = "deployed"
"""What a ChangeEvent says that comes from what applies manifests, not from the forge."""


def applied(alert: Alert, revision: str) -> ChangeEvent:
    """The hint that goes with good news of a deployment: what waits to arrive may have arrived."""
    return ChangeEvent(f"{alert.key}:{DEPLOYED}", alert.started_at, DEPLOYED, commits=(revision,) if revision else ())


@dataclass(frozen=True, slots=True)
class Ignored:
    """A delivery that is as it should be, and in which there is nothing for us."""

    why: str


Signal = Alert | Asked | Command | Told | ChangeEvent
