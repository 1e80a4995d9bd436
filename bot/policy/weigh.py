"""A case whose suspects carry their chances × the thresholds → roll back, wait for more evidence, or call a person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from bot.attribution.posterior import Posterior
from bot.attribution.suspects import Suspect
from bot.policy.case import Case
from bot.policy.decide import Decision, Escalate, Rollback, Wait, against
from bot.policy.judgement import Bounds, Sureness
from bot.policy.optimize.dp import Solution

EVEN = 0.5


@dataclass(frozen=True, slots=True)
class Scales:
    """How sure one has to be now. `act` None: however sure, a person decides. Below `person` one is called with nothing proposed.

    `waits`: from which probability on another look pays, None when waiting is over; `again`: seconds until that look.
    `elsewhere`: releases of other services by key, in words, with how to take them back.
    """

    act: float | None
    person: float
    waits: float | None
    again: float
    elsewhere: Mapping[str, str]


def scales(solution: Solution, bounds: Bounds, look: int, again: float, elsewhere: Mapping[str, str]) -> Scales:
    """What the prices say at the first look, where the configuration says nothing else.

    It gets no easier with time: what did not reach `act` while it was waited is proposed to the person who is called.
    """
    first, now = solution.thresholds(0), solution.thresholds(look)
    act = first.act if bounds.act is None else bounds.act
    called = EVEN if first.act is None else first.person
    person = called if bounds.person is None else bounds.person
    waits = now.person if look < solution.steps and now.person < 1.0 else None
    return Scales(act, person if act is None else min(person, act), waits, again, elsewhere)


def weigh(case: Case, posterior: Posterior, on: Scales) -> Decision:
    """Decide about the likeliest release. `posterior.enough` must hold: otherwise the rules alone decide (`decide`)."""
    suspects = case.attribution.suspects if case.attribution else ()
    likeliest = max(suspects, key=lambda suspect: suspect.chance or 0.0, default=None)
    chance = likeliest.chance or 0.0 if likeliest else 0.0
    key, other = max(((each, posterior.of(each)) for each in on.elsewhere), key=lambda pair: pair[1], default=("", 0.0))
    if likeliest is None or other > chance:
        return _elsewhere(on, key, other, posterior)
    return _of(replace(case, sureness=sureness(chance, on.act), act_at=on.act), likeliest, chance, on, posterior)


def sureness(chance: float, act: float | None) -> Sureness:
    return Sureness.SURE if act is not None and chance >= act else Sureness.UNSURE


def _of(case: Case, suspect: Suspect, chance: float, on: Scales, posterior: Posterior) -> Decision:
    decision = against(case, suspect)
    if not isinstance(decision, Rollback) or case.sureness is Sureness.SURE:
        return decision
    version = suspect.release.version
    if chance < on.person:
        return Escalate(f"no release is likely enough: {version} {chance:.0%}, none of them {posterior.none:.0%}; below {on.person:.0%}")
    if on.waits is not None and chance >= on.waits:
        least = "" if on.act is None else f", it is rolled back from {on.act:.0%} on"
        return Wait(f"{version} did it with a probability of {chance:.0%}{least}: looking on for more evidence", on.again)
    return decision


def _elsewhere(on: Scales, key: str, chance: float, posterior: Posterior) -> Decision:
    if chance >= on.person:
        return Escalate(f"probably another service's release did this: {on.elsewhere[key]} ({chance:.0%})")
    return Escalate(f"probably no release did this: none of them {posterior.none:.0%}")
