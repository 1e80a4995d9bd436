"""A progressive controller of the world: a canary gets a share of the traffic, then everything, or is taken back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from bot.refs import Instant

if TYPE_CHECKING:
    from bot.world.cluster import Rollout


class Phase(StrEnum):
    DONE = "done"
    ROLLING = "rolling"
    TAKEN_BACK = "taken back"


@dataclass(frozen=True, slots=True)
class Controller:
    """Gives a new version `share` of its service's traffic for `patience` seconds; one that fails more than `most` is taken back."""

    name: str = "Flagger"
    share: float = 0.1
    patience: float = 600.0
    most: float = 0.02


@dataclass(frozen=True, slots=True)
class Standing:
    """`stable` is the rollout whose version serves whoever is not on the canary; `new` the one that Git asks for."""

    phase: Phase
    stable: Rollout
    new: Rollout


def standing(controller: Controller, rollouts: Sequence[Rollout], key: str, at: Instant) -> Standing | None:
    """How far the newest version is at a time; None before anything serves."""
    served = [rollout for rollout in rollouts if rollout.serving <= at]
    if not served:
        return None
    stable = begun = served[0]
    for rollout in served[1:]:
        if rollout.versions.get(key) != begun.versions.get(key):
            stable = _settled(controller, stable, begun, key, rollout.serving)
            begun = rollout
    last = served[-1]
    if begun.versions.get(key) == stable.versions.get(key):
        return Standing(Phase.DONE, stable, last)
    if at < begun.serving + controller.patience:
        return Standing(Phase.ROLLING, stable, last)
    bad = begun.failing.get(key, 0.0) > controller.most
    return Standing(Phase.TAKEN_BACK, stable, last) if bad else Standing(Phase.DONE, begun, last)


def _settled(controller: Controller, stable: Rollout, begun: Rollout, key: str, until: Instant) -> Rollout:
    """Which version is stable once another one begins: a canary that had not ended makes way."""
    well = begun.failing.get(key, 0.0) <= controller.most
    return begun if well and until >= begun.serving + controller.patience else stable
