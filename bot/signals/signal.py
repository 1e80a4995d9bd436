"""Signals: what arrives at the doors, in one shape. Values only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from bot.refs import Instant


class Status(StrEnum):
    FIRING = "firing"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert instance, firing or resolved.

    `key` is the same for the same delivery sent again, `instance` also for the alert's other status.
    `started_at` is when the sender says that it fired, never later than `received_at`. `ended_at` is None while it fires.
    `severity` is lower case, "" where no label says it. `truncated`: alerts of the same group that the sender left out.
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


Signal = Alert | Asked
