"""What happened in the world, in order: the time line that the demo prints and tests read."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bot.refs import Instant


class Kind(StrEnum):
    PUSHED = "pushed"
    SYNCED = "synced"
    PENDING = "pending"
    FIRING = "firing"
    RESOLVED = "resolved"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Event:
    at: Instant
    kind: Kind
    text: str
    service: str = ""
