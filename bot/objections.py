"""A reason why something should not be done, or not without a person."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Weight(StrEnum):
    """How much an objection stops. Compare with `heaviest`."""

    NOTE = "note"
    """Said, stops nothing."""
    PERSON = "person"
    """Proposing is fine; going further needs a person."""
    FORBIDS = "forbids"
    """Not done at all."""


@dataclass(frozen=True, slots=True)
class Objection:
    """`code` is a stable kebab-case word (`quarantined-target`), `why` a sentence for people, with the way out where there is one."""

    code: str
    why: str
    weight: Weight = Weight.PERSON
    path: str | None = None
    line: int | None = None
    passes: bool = False
    """It ends by itself: what it forbids is waited with, not given up."""

    def __str__(self) -> str:
        where = ":".join(str(part) for part in (self.path, self.line) if part is not None)
        return f"{where}: {self.why} [{self.code}]" if where else f"{self.why} [{self.code}]"


def heaviest(objections: Iterable[Objection]) -> Weight | None:
    """Return the greatest weight among them, None where there are none."""
    order = list(Weight)
    return max((objection.weight for objection in objections), key=order.index, default=None)
