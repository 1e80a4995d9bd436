"""What `.rollbot.yaml` may say about how sure it has to be: the strategy, the thresholds, and what things cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from bot.policy.optimize.prices import Prices
from bot.policy.settings import Trust


class Strategy(StrEnum):
    """How far what is decided goes by itself: presets of trust by how likely the suspect did it."""

    ACTIVE = "active"
    """Acts by itself where it is sure, wherever no trust of the environment's own says less."""
    PASSIVE = "passive"
    """Recommends; a person acts."""
    HYBRID = "hybrid"
    """As far as the environment's trust goes where it is sure; recommends where it is not."""
    SHADOW = "shadow"
    """Acts on nothing and says nothing to a forge; keeps a scorecard of what it would have done."""


class Sureness(StrEnum):
    """What the posterior of the suspect says."""

    SURE = "sure"
    """It reaches the threshold to act."""
    UNSURE = "unsure"
    """It does not."""
    UNKNOWN = "unknown"
    """There is not enough evidence for any."""


@dataclass(frozen=True, slots=True)
class Preset:
    """`most`: never further than this. `unnamed`: the trust of environments that the configuration does not name; None: the default's."""

    most: Trust
    unnamed: Trust | None = None


PRESETS: Mapping[Strategy, Mapping[Sureness, Preset]] = MappingProxyType(
    {
        Strategy.ACTIVE: {
            Sureness.SURE: Preset(Trust.PUSH, Trust.MERGE),
            Sureness.UNSURE: Preset(Trust.PROPOSE),
            Sureness.UNKNOWN: Preset(Trust.PROPOSE),
        },
        Strategy.PASSIVE: dict.fromkeys(Sureness, Preset(Trust.PROPOSE)),
        Strategy.HYBRID: {
            Sureness.SURE: Preset(Trust.PUSH),
            Sureness.UNSURE: Preset(Trust.PROPOSE),
            Sureness.UNKNOWN: Preset(Trust.PUSH),
        },
        Strategy.SHADOW: dict.fromkeys(Sureness, Preset(Trust.OBSERVE)),
    }
)
"""HYBRID leaves trust as it is where there is no posterior: then the rules alone decide, as they do without metrics."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """Beliefs that the configuration sets; None: what the prices say. `act` and above: act. Below `person`: call a person."""

    act: float | None = None
    person: float | None = None


@dataclass(frozen=True, slots=True)
class JudgementRules:
    strategy: Strategy = Strategy.HYBRID
    thresholds: Bounds = Bounds()
    prices: Prices = Prices()  # noqa: RUF009 - a frozen value


def ladder(trust: Trust, named: bool, strategy: Strategy, sureness: Sureness) -> Trust:
    """How far it goes by itself: what the environment's trust says, as the strategy bounds it. `named`: the configuration names it."""
    preset = PRESETS[strategy][sureness]
    wanted = trust if named or preset.unnamed is None else preset.unnamed
    return min(wanted, preset.most, key=lambda rung: rung.rung)
