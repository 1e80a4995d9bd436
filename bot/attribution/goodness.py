"""What is known of a service's versions → how likely each is good now, and which of them to go back to.

Never merely the previous one: never one that was found to blame, none from across a point of no return. Where the records say nothing
of a version, what its service's history says (`bot/plans/targets.py`: the newest that was not rolled back from) stays the choice.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.attribution.markov import Chain, Health, Spell, learn
from bot.refs import Instant

FOUND_OUT = 2 * 3600.0
"""A bad version that runs is found out after this long on average."""


@dataclass(frozen=True, slots=True)
class Known:
    """One version: how it fared while it ran, and when it last did. `blamed`: the incident in which it was found to blame.

    `beyond`: why it lies across a point of no return, "" where it does not, as far as is known.
    """

    version: str
    spells: tuple[Spell, ...]
    left: Instant | None = None
    blamed: str = ""
    beyond: str = ""

    @property
    def served(self) -> float:
        return sum(spell.lasted for spell in self.spells)


@dataclass(frozen=True, slots=True)
class Goodness:
    """How likely a version is good now; 0 where it is out of the question. `why` says it in words."""

    version: str
    chance: float
    why: str


def goodness(known: Sequence[Known], now: Instant, failure_rate: float) -> tuple[Goodness, ...]:
    """Judge every version, in the order given. `failure_rate`: how often a release of this service is to blame."""
    chain = learn([version.spells for version in known])
    return tuple(_judged(version, chain, now, failure_rate) for version in known)


def best(options: Iterable[Goodness]) -> Goodness | None:
    """The one most likely good now, the first of equals; None where all are out of the question."""
    possible = [option for option in options if option.chance > 0.0]
    return max(possible, key=lambda option: option.chance, default=None)


def _judged(version: Known, chain: Chain, now: Instant, failure_rate: float) -> Goodness:
    if version.blamed:
        return Goodness(version.version, 0.0, f"it was to blame in {version.blamed}")
    if version.beyond:
        return Goodness(version.version, 0.0, version.beyond)
    then = survived(failure_rate, sum(spell.lasted for spell in version.spells if spell.health is Health.GOOD))
    last = version.spells[-1].health if version.spells else Health.GOOD
    state = {last: then, Health.BAD: 1.0 - then} if last is not Health.BAD else {Health.BAD: 1.0}
    away = 0.0 if version.left is None else max(0.0, now - version.left)
    chance = chain.after(away, state)[Health.GOOD]
    troubled = sum(1 for spell in version.spells if spell.health is Health.DEGRADED)
    doubt = f", {troubled} incidents while it ran" if troubled else ""
    return Goodness(version.version, chance, f"{chance:.0%} likely good now: it ran {version.served / 3600:.0f} h{doubt}")


def survived(failure_rate: float, seconds: float) -> float:
    """P(good | it ran so long with nothing found), by Bayes: a bad one would have been found out at an exponential time."""
    hidden = min(max(failure_rate, 1e-6), 1.0 - 1e-6) * math.exp(-max(0.0, seconds) / FOUND_OUT)
    return (1.0 - failure_rate) / (1.0 - failure_rate + hidden)
