"""What `.rollbot.yaml` may say about suspects and targets. Times in seconds."""

from __future__ import annotations

from dataclasses import dataclass

HOUR = 3600.0
DAY = 24 * HOUR


@dataclass(frozen=True, slots=True)
class AttributionRules:
    """`window`: nothing released longer before onset is a suspect. `merge_within`: older suspects are only proposed.

    `good_after`: a version that served this long with nothing blamed on it counts as good (and, held shorter, is an unsure target).
    `live_after`: where no cluster can be asked, a release counts as live this long after its commit (0: never, so it is only proposed).
    `max_target_age`, `max_releases_back`: a target that has not run for longer, or lies further back, needs a person (F20).
    """

    window: float = 7 * DAY
    merge_within: float = 6 * HOUR
    good_after: float = 4 * HOUR
    max_target_age: float = 14 * DAY
    max_releases_back: int = 3
    live_after: float = 0.0
