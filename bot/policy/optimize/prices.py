"""What `.rollbot.yaml` may say about what things cost. The unit of money is a minute of damage by a critical symptom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

MINUTE = 60.0
OTHERS = "*"
"""The severity that stands for all that are not named."""
DAMAGE: Mapping[str, float] = MappingProxyType({"warning": 0.2, "info": 0.05, OTHERS: 1.0})


@dataclass(frozen=True, slots=True)
class Prices:
    """`damage`: a minute of the symptom, by severity. All other prices are in the same unit; times are in seconds.

    `rollback`: any rollback, for the churn. `wrong_rollback`: on top, where the release was not to blame. `page`: to call a person.
    `data_risk`: on top of a rollback of which nobody knows whether the older version can live on today's data.
    `shift`: to move traffic to the older version where it still runs. `halt`: to stop a rollout where it stands.
    `fixed_in`: until a rollback has helped. `person_in`: until a person who was called has helped. `shifted_in`: until traffic moved.
    `look_every`: between two looks. `wait_most`: how long it may be waited for more evidence.
    `learning`: how much a look tells, in nats: the mean log likelihood ratio of the truth against its opposite.
    """

    damage: Mapping[str, float] = field(default_factory=lambda: DAMAGE)
    rollback: float = 6.0
    wrong_rollback: float = 15.0
    page: float = 4.0
    data_risk: float = 25.0
    shift: float = 2.0
    halt: float = 1.0
    fixed_in: float = 4 * MINUTE
    person_in: float = 20 * MINUTE
    shifted_in: float = MINUTE
    look_every: float = MINUTE
    wait_most: float = 5 * MINUTE
    learning: float = 0.8

    def of(self, severity: str) -> float:
        """A minute's damage at a severity, whatever its case; never nothing, lest waiting for ever be best."""
        known = {name.lower(): price for name, price in self.damage.items()}
        return max(1e-3, known.get(severity.lower(), known.get(OTHERS, 1.0)))
