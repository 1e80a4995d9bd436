"""What a step returns: the incident as it is now, what there is to say, and when to look again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from bot.incidents.incident import Incident
from bot.incidents.lifecycle import End, State, check
from bot.objections import Objection
from bot.ports import Notice
from bot.records.entry import Note, Stage
from bot.records.report import headline
from bot.refs import Instant

MINUTE = 60.0


@dataclass(frozen=True, slots=True)
class Step:
    """`again`: when to look again, None once the incident has ended. `comment`: its last words must reach the pull request; where the forge
    does not answer, an end is taken again.

    `waiting`: the incident stays where it is, so what was said of it already needs not be said again.
    """

    incident: Incident
    notes: tuple[Note, ...]
    again: Instant | None
    notices: tuple[Notice, ...] = ()
    comment: bool = False
    waiting: bool = False


def move(incident: Incident, state: State, now: Instant, *notes: Note, **changes: Any) -> Step:
    """Go on to `state`, to be looked at at once; `changes` are those of the action at hand."""
    return Step(_moved(incident, state, changes), notes, now)


def stay(incident: Incident, again: Instant, *notes: Note, **changes: Any) -> Step:
    """Nothing to do before `again`."""
    return Step(_moved(incident, incident.state, changes), notes, again, waiting=True)


def end(incident: Incident, how: End, why: str, now: Instant, *notes: Note, urgent: bool = True, **changes: Any) -> Step:
    """There is nothing more to do; whoever is to know is told."""
    why = f"{why}{_still_drained(incident)}"
    moved = replace(_moved(incident, State.ENDED, changes), end=how, why=why, ended=now)
    last = Note(Stage.END, how, (why,))
    text = "\n".join([why, *(text for note in notes for text in note.because)])
    notice = Notice(f"{incident.id}:end", headline(moved), text, urgent, handled=not urgent)
    return Step(moved, (*notes, last), None, (notice,), comment=True)


def _still_drained(incident: Incident) -> str:
    """What is still taken away where its rollback never was merged."""
    action = incident.action if incident.actions else None
    if action is None or action.drained is None or action.commit is not None:
        return ""
    names = ", ".join(action.backends)
    return f"; {names} still gets no traffic ({action.drained[:12]}), and `/rollback undo` gives it back"


def told(step: Step, key: str, title: str, text: str, urgent: bool = True) -> Step:
    """The same step, with a notice for people."""
    notice = Notice(f"{step.incident.id}:{key}", title, text, urgent)
    return replace(step, notices=(*step.notices, notice))


def reasons(objections: tuple[Objection, ...]) -> tuple[str, ...]:
    return tuple(f"{objection.weight}: {objection}" for objection in objections)


def _moved(incident: Incident, state: State, changes: dict[str, Any]) -> Incident:
    check(incident.state, state)
    actions = (*incident.actions[:-1], replace(incident.action, **changes)) if changes else incident.actions
    return replace(incident, state=state, actions=actions)
