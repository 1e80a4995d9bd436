"""The states of an incident and the legal moves between them."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class State(StrEnum):
    """What is known so far. The reconciler has one step for each."""

    OPENED = "opened"
    """A symptom or a request is known; who is to blame is not decided."""
    DECIDED = "decided"
    """What goes back, or which rollback is undone, is decided; how, and how far by ourselves, is not."""
    ADMITTED = "admitted"
    """Planned and admitted; nothing is written yet, as far as we know."""
    PROPOSED = "proposed"
    """The pull request is open."""
    MERGED = "merged"
    """Our commit is on the target branch."""
    ARRIVED = "arrived"
    """A cluster runs a revision that holds our commit."""
    ENDED = "ended"
    """Nothing more is done, unless a person takes its rollback back."""


class End(StrEnum):
    """How an incident ended."""

    RECOVERED = "recovered"
    """Rolled back, arrived, and positive evidence says that it helped."""
    UNPROVEN = "unproven"
    """Rolled back and arrived, the symptom went, and no metric says that it was that."""
    DONE = "done"
    """A person's request was carried out and arrived; there was no symptom to judge."""
    RESOLVED = "resolved-by-itself"
    """The symptom went before anything was changed."""
    OBSERVED = "observed"
    """Trust goes no further than saying what would have been done."""
    DECLINED = "declined"
    """It must not, or cannot, be done."""
    CLOSED = "proposal-closed"
    """A person closed our pull request."""
    ESCALATED = "escalated"
    """A person has to go on from here."""
    CANCELLED = "cancelled"
    """A person said stop."""
    SUPERSEDED = "superseded"
    """A person asked for another rollback of the service before the outcome of this one was known."""


MOVES: Mapping[State, frozenset[State]] = {
    State.OPENED: frozenset({State.DECIDED, State.ENDED}),
    State.DECIDED: frozenset({State.ADMITTED, State.ENDED}),
    State.ADMITTED: frozenset({State.DECIDED, State.PROPOSED, State.MERGED, State.ENDED}),
    State.PROPOSED: frozenset({State.DECIDED, State.ADMITTED, State.MERGED, State.ENDED}),
    State.MERGED: frozenset({State.ARRIVED, State.DECIDED, State.ENDED}),
    State.ARRIVED: frozenset({State.DECIDED, State.OPENED, State.ENDED}),
    State.ENDED: frozenset({State.DECIDED}),
}


class IllegalMove(Exception):
    """A step wanted a move that the table does not have: a defect of ours, never the outside world's doing."""


def check(before: State, after: State) -> None:
    """Raise IllegalMove unless an incident may go from `before` to `after`. Staying is always legal."""
    if before is not after and after not in MOVES[before]:
        raise IllegalMove(f"{before} → {after}")
