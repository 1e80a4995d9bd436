"""An alert and its samples since the rollback arrived → did it help. Too early, no help, and nobody can tell are different answers (F1)."""

from __future__ import annotations

import math
from dataclasses import dataclass

from bot.outcomes.rules import OutcomeRules
from bot.refs import Instant


@dataclass(frozen=True, slots=True)
class Lines:
    """Samples of error lines: (time, value). `before`: in the hour before the symptom, `after`: since it arrived.

    `problem`: why they could not be looked at.
    """

    before: tuple[tuple[Instant, float], ...]
    after: tuple[tuple[Instant, float], ...]
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known since `arrived`.

    `window`: how far back the alert looks, None where it cannot be read. `quiet`: since when the alert is seen not to fire,
    None while it does. `relapsed`: since when it fires again, where it had been quiet. `firing`: what the metrics say now
    (None: they cannot tell). `samples`: (time, value) of its expression.
    """

    now: Instant
    arrived: Instant
    window: float | None
    quiet: Instant | None
    firing: bool | None
    samples: tuple[tuple[Instant, float], ...]
    relapsed: Instant | None = None
    lines: Lines | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    until: Instant
    why: str


@dataclass(frozen=True, slots=True)
class Recovered:
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NoHelp:
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Unproven:
    """Waited long enough, and there is no evidence either way. Absence of data is never recovery (F18)."""

    quiet: bool
    why: str


Verdict = Waiting | Recovered | NoHelp | Unproven


def judge(seen: Evidence, rules: OutcomeRules) -> Verdict:
    settled = seen.arrived + rules.settle
    if seen.quiet is not None and seen.firing is not True:
        return _quiet(seen, max(settled, seen.quiet), rules)
    window = rules.alert_window if seen.window is None else seen.window
    counted = settled if seen.relapsed is None else max(settled, seen.relapsed)
    if seen.now < counted + window:
        return Waiting(counted + window, f"it fires, but looks back {window:.0f} s and so may fire that long after a cure")
    count = _count(seen, settled)
    if seen.firing is not True or count < rules.min_samples:
        return _unproven(seen, rules, False, f"it was not said to be resolved, and {_told(seen, count)}")
    after = "the rollback arrived" if seen.relapsed is None else "it began to fire again"
    since = seen.now - (seen.arrived if seen.relapsed is None else seen.relapsed)
    return NoHelp((f"it fires {since:.0f} s after {after}, longer than it looks back ({window:.0f} s)", f"{count} samples since then"))


def _quiet(seen: Evidence, since: Instant, rules: OutcomeRules) -> Verdict:
    if seen.now < since + rules.soak:
        return Waiting(since + rules.soak, f"it is quiet; good evidence has to last {rules.soak:.0f} s")
    count = _count(seen, since)
    if seen.firing is None or count < rules.min_samples:
        return _unproven(seen, rules, True, f"it is quiet, but {_told(seen, count)}")
    if why := _loud(seen.lines, max(since, seen.now - rules.soak), rules.min_samples):
        return _unproven(seen, rules, True, f"it is quiet, but {why}")
    evidence = (f"the alert has been quiet for {seen.now - since:.0f} s", f"{count} samples of its expression since then")
    unseen = (f"its error lines could not be looked at: {seen.lines.problem}",) if seen.lines and seen.lines.problem else ()
    return Recovered(evidence + unseen)


def _loud(lines: Lines | None, since: Instant, least: int) -> str | None:
    """Whether error lines are still above all they were before the symptom. Too few samples on either side say nothing."""
    before = sorted(value for _, value in lines.before if math.isfinite(value)) if lines else []
    after = sorted(value for at, value in lines.after if at >= since and math.isfinite(value)) if lines else []
    if len(before) < least or len(after) < least:
        return None
    middle = after[len(after) // 2]
    return f"its error lines are at {middle:g}, and were at most {before[-1]:g} before the symptom" if middle > before[-1] else None


def _unproven(seen: Evidence, rules: OutcomeRules, quiet: bool, why: str) -> Waiting | Unproven:
    if seen.now < seen.arrived + rules.give_up:
        return Waiting(min(seen.now + rules.settle, seen.arrived + rules.give_up), why)
    return Unproven(quiet, why)


def _count(seen: Evidence, since: Instant) -> int:
    return sum(1 for at, value in seen.samples if at >= since and math.isfinite(value))


def _told(seen: Evidence, count: int) -> str:
    return "no metrics can be asked" if seen.firing is None else f"there are only {count} samples of it"
