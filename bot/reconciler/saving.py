"""A step's end: what it had to say is appended to the record, in one transaction with the incident."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.incidents.incident import Incident
from bot.ports import Ports
from bot.reconciler.step import Step
from bot.records.entry import FIRST, Entry, Note, Stage, append


def save(step: Step, ports: Ports, problem: str | None = None) -> Incident:
    """Save the incident with its notes as entries; what it said last time already is not said again.

    `problem`: why the configuration at HEAD is not in force. Raises Stale.
    """
    incident = replace(step.incident, due=step.again)
    notes = (Note(Stage.CONFIG, "the configuration at HEAD is not in force", (problem,)), *step.notes) if problem else step.notes
    said = ports.store.entries(incident.id) if notes and incident.rev else ()
    entries = append(incident.id, incident.entries, incident.last, ports.clock.now(), _news(notes, said))
    if entries:
        incident = replace(incident, entries=entries[-1].seq, last=entries[-1].hash)
    return ports.store.save(incident, entries)


def note_alone(note: Note, ports: Ports) -> None:
    """Record what belongs to no incident. Raises Stale."""
    said = ports.store.entries("")
    last = said[-1].hash if said else FIRST
    ports.store.append(append("", len(said), last, ports.clock.now(), (note,)))


def _news(notes: Sequence[Note], said: Sequence[Entry]) -> list[Note]:
    """Leave out what is word for word the latest entry of its stage: waiting is told once."""
    latest = {entry.stage: (entry.what, entry.because) for entry in said}
    return [note for note in notes if latest.get(note.stage) != (note.what, note.because)]
