"""What Rollbot needs of the outside world. Every method may raise Unavailable (try again) or Refused (do not); effects may run twice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from bot.ports.building import Registry
from bot.ports.forges import Conversation, Forge, PullRows
from bot.ports.git import PinCache, Repository
from bot.ports.people import Messenger, Notice, Notifier
from bot.ports.running import Alerts, Cluster, Logs, Metrics, Polled, Sample, Sync
from bot.ports.storing import Delivery, Queue, QueueRows, Store
from bot.refs import Instant
from bot.releases.release import DesiredState

__all__ = [
    "Alerts",
    "Clock",
    "Cluster",
    "Conversation",
    "Delivery",
    "Forge",
    "Logs",
    "Messenger",
    "Metrics",
    "Notice",
    "Notifier",
    "PinCache",
    "Polled",
    "Ports",
    "PullRows",
    "Queue",
    "QueueRows",
    "Registry",
    "Repository",
    "Sample",
    "Store",
    "Sync",
]


class Clock(Protocol):
    def now(self) -> Instant: ...


@dataclass(frozen=True, slots=True)
class Ports:
    """The outside world of one manifests repository."""

    repository: Repository
    forge: Forge
    cluster: Cluster
    metrics: Metrics
    notifier: Notifier
    store: Store
    queue: Queue
    clock: Clock
    cache: PinCache
    conversation: Conversation | None = None
    """None where the forge has no issues and comments."""
    alerts: Alerts | None = None
    """None where no Alertmanager can be asked."""
    logs: Logs | None = None
    registry: Registry | None = None
    """None where no registry may be asked for images."""
    seen: dict[str, DesiredState] = field(default_factory=dict)
    """What the last look showed, by repository; only ever makes the next one quicker."""
    stopped: str | None = None
    """Why this deployment is to change nothing; None where it may."""
    fetched: dict[str, Instant] = field(default_factory=dict)
    """When the repository was last fetched."""
    messengers: Mapping[str, Messenger] = field(default_factory=dict)
    """What reaches people, by the name of its row."""
    public_url: str = ""
    """Where people find our pages, "" where nobody said."""
    patience: float = 600.0
    """Seconds that Git's host may be away before a person is paged for what waits."""
