"""A record's entry: what was decided or done, or not, why, and on which inputs; each one sealed onto the one before it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from bot.refs import Instant

FIRST = "0" * 64
"""What the first entry of a record is sealed onto."""


class Stage(StrEnum):
    """Where in the flow an entry was made."""

    SIGNAL = "signal"
    SUSPECTS = "suspects"
    DECISION = "decision"
    PLAN = "plan"
    CHANGE = "change"
    ARRIVAL = "arrival"
    OUTCOME = "outcome"
    END = "end"
    CONFIG = "config"


@dataclass(frozen=True, slots=True)
class Note:
    """What a step has to say. `facts` are its inputs, JSON values only."""

    stage: Stage
    what: str
    because: tuple[str, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Entry:
    """A note in its place. `incident` is "" for what belongs to none. `hash` covers all other fields."""

    seq: int
    at: Instant
    incident: str
    stage: Stage
    what: str
    because: tuple[str, ...]
    facts: Mapping[str, Any]
    previous: str
    hash: str

    def seal(self) -> str:
        """Return the hash that these fields must have."""
        fields = [self.seq, self.at, self.incident, self.stage, self.what, list(self.because), dict(self.facts), self.previous]
        return hashlib.sha256(json.dumps(fields, sort_keys=True, ensure_ascii=True).encode()).hexdigest()


def append(incident: str, seq: int, previous: str, at: Instant, notes: Iterable[Note]) -> tuple[Entry, ...]:
    """Return the entries that add `notes` to a record of `seq` entries whose last hash is `previous`."""
    entries: list[Entry] = []
    for number, note in enumerate(notes, start=seq + 1):
        facts = json.loads(json.dumps(note.facts))  # as the store will give it back: tuples become lists, keys text
        bare = Entry(number, at, incident, note.stage, note.what, note.because, facts, previous, "")
        previous = bare.seal()
        entries.append(Entry(number, at, incident, note.stage, note.what, note.because, facts, bare.previous, previous))
    return tuple(entries)


def broken(entries: Sequence[Entry], last: str, count: int) -> str | None:
    """Say where a record is not whole: an entry changed, missing or out of place; None where it is as it was written."""
    previous = FIRST
    for place, entry in enumerate(entries, start=1):
        if entry.seq != place or entry.previous != previous:
            return f"entry {place} does not follow the one before it"
        if entry.seal() != entry.hash:
            return f"entry {place} was changed after it was written"
        previous = entry.hash
    if len(entries) != count or previous != last:
        return f"the record should hold {count} entries and holds {len(entries)}"
    return None
