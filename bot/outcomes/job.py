"""What a cluster says of a Job of ours → has it ended, and how."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bot.outcomes.rules import OutcomeRules
from bot.refs import Instant


class Phase(StrEnum):
    WAITING = "waiting"
    """The cluster does not know it yet."""
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class JobRun:
    """`message` is the cluster's, `where` names what runs it there (`Application argocd/checkout`)."""

    phase: Phase
    message: str = ""
    where: str = ""


@dataclass(frozen=True, slots=True)
class Succeeded:
    how: str


@dataclass(frozen=True, slots=True)
class Failed:
    """It failed, or has not ended in any time that it may take (`hangs`): then it may still be at work."""

    why: str
    hangs: bool = False


@dataclass(frozen=True, slots=True)
class NotEnded:
    why: str


def ended(now: Instant, merged: Instant, run: JobRun | None, rules: OutcomeRules) -> Succeeded | Failed | NotEnded:
    """`run` None: nobody can tell now."""
    if run is not None and run.phase is Phase.SUCCEEDED:
        return Succeeded(_said(run))
    if run is not None and run.phase is Phase.FAILED:
        return Failed(f"failed: {_said(run)}")
    why = "whether it has ended cannot be told" if run is None else f"it is {run.phase}: {_said(run)}"
    if now - merged >= rules.give_up:
        return Failed(f"has not ended after {(now - merged) / 60:.0f} minutes ({why})", hangs=True)
    return NotEnded(why)


def _said(run: JobRun) -> str:
    return ": ".join(part for part in (run.where, run.message) if part) or str(run.phase)
