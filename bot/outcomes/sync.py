"""What the cluster says of our commit → did it arrive."""

from __future__ import annotations

from dataclasses import dataclass

from bot.outcomes.rules import OutcomeRules
from bot.refs import Instant


@dataclass(frozen=True, slots=True)
class Applied:
    """What a cluster runs: whether its revision holds our commit, since when it runs it, whether it is healthy (None: cannot tell)."""

    ours: bool
    since: Instant | None
    healthy: bool | None
    message: str = ""


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
    what = "the cluster applied it and is not healthy" if applied.ours else "the cluster has not applied it"
    why = f"{what}: {applied.message}" if applied.message else what
    return NotYet(now + rules.settle, why, now - merged >= rules.arrive_within, now - merged >= rules.give_up)
