"""What the cluster says of our commit → did it arrive."""

from __future__ import annotations

from dataclasses import dataclass

from bot.outcomes.rules import OutcomeRules
from bot.refs import Instant


@dataclass(frozen=True, slots=True)
class Applied:
    """What a cluster runs: whether its revision holds our commit, since when it runs it, whether it is healthy.

    None: cannot tell. `ours` None: the cluster did not answer, so nothing is known, and that is no arrival.
    """

    ours: bool | None
    since: Instant | None
    healthy: bool | None
    message: str = ""


_WORDS = {
    True: "the cluster applied it and is not healthy",
    False: "the cluster has not applied it",
    None: "whether the cluster has applied it cannot be told",
}


@dataclass(frozen=True, slots=True)
class Arrived:
    at: Instant
    how: str


@dataclass(frozen=True, slots=True)
class NotYet:
    """Not arrived, or not healthy; `late` says that a person should know by now, `lost` that waiting longer is pointless."""

    until: Instant
    why: str
    late: bool = False
    lost: bool = False


def arrival(now: Instant, merged: Instant, applied: Applied | None, rules: OutcomeRules) -> Arrived | NotYet:
    """Push is not success (law 8). `applied` None: no cluster can be asked, so only time tells."""
    if applied is None:
        due = merged + rules.settle
        if now >= due:
            return Arrived(due, "no cluster can be asked; it is taken to have arrived by now")
        return NotYet(due, "no cluster can be asked; waiting as long as a sync takes")
    if applied.ours and applied.healthy is not False:
        return Arrived(max(merged, applied.since or now), "the cluster runs a revision that holds our commit")
    what = _WORDS[applied.ours]
    why = f"{what}: {applied.message}" if applied.message else what
    return NotYet(now + rules.settle, why, now - merged >= rules.arrive_within, now - merged >= rules.give_up)
