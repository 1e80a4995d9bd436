"""A step's end: what it had to say is appended to the record, in one transaction with the incident."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.errors import Stale
from bot.incidents.incident import Incident
from bot.ports import Ports
from bot.reconciler.step import Step
from bot.records.entry import FIRST, Entry, Note, Stage, append

TRIES = 50


def save(step: Step, ports: Ports, problem: str | None = None) -> Incident:
    """Save the incident with its notes as entries; while it waits, what it said last time is not said again.

    `problem`: why the configuration at HEAD is not in force. Raises Stale.
    """
    incident = replace(step.incident, due=step.again)
    said = ports.store.entries(incident.id) if incident.rev and (problem or (step.waiting and step.notes)) else ()
    broken = news((Note(Stage.CONFIG, "the configuration at HEAD is not in force", (problem,)),), said) if problem else ()
    notes = (*broken, *(news(step.notes, said) if step.waiting else step.notes))
    entries = append(incident.id, incident.entries, incident.last, ports.clock.now(), notes)
    if entries:
        incident = replace(incident, entries=entries[-1].seq, last=entries[-1].hash)
    return ports.store.save(incident, entries)


def note_alone(note: Note, ports: Ports) -> None:
    """Record what belongs to no incident. All repositories share that record: whoever was first to its end, the other goes behind.

    Raises Stale where others kept being first.
    """
    for left in reversed(range(TRIES)):
        last = ports.store.last_entry("")
        seq, seal = (last.seq, last.hash) if last else (0, FIRST)
        try:
            return ports.store.append(append("", seq, seal, ports.clock.now(), (note,)))
        except Stale:
            if not left:
                raise
    return None


def news(notes: Sequence[Note], said: Sequence[Entry]) -> tuple[Note, ...]:
    """Leave out what is word for word the latest entry of its stage."""
    latest = {entry.stage: (entry.what, entry.because) for entry in said}
    return tuple(note for note in notes if latest.get(note.stage) != (note.what, note.because))
