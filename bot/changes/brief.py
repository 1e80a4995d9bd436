"""What a pull request's body tells beside its plan: why this release, how sure, and how far it goes by itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.attribution.onset import Onset
from bot.incidents.incident import Symptom
from bot.refs import Instant


@dataclass(frozen=True, slots=True)
class Accused:
    """A release that was looked at. `chance` is its posterior, None where none was worked out; `sure`: the cluster itself says it ran."""

    version: str
    commit: str
    why: str
    released: Instant | None = None
    chance: float | None = None
    sure: bool = False


@dataclass(frozen=True, slots=True)
class DataVerdict:
    """Whether the older version can live on today's database. `compatible` None: nobody knows."""

    compatible: bool | None = None
    sentence: str = "unknown: no schema annotation says whether the older version can live on today's database"


@dataclass(frozen=True, slots=True)
class Merging:
    """Whether it merges by itself, and the configuration in effect that says so, in words."""

    alone: bool
    why: str


@dataclass(frozen=True, slots=True)
class Brief:
    """`reason` may be anybody's text. `before` holds the written files as they stand at the base.

    `against` are objections in words; `none` is the chance that no release did it, `thresholds` says in words what the chances are
    held against, `weighed` what speaks for and against each, `lacking` why there is not evidence enough for any chances;
    `samples` are those of `metric` around the onset.
    """

    reason: str
    before: Mapping[str, bytes | None] = field(default_factory=dict)
    asked_by: str = ""
    alerts: tuple[Symptom, ...] = ()
    onset: Onset | None = None
    suspects: tuple[Accused, ...] = ()
    cleared: tuple[Accused, ...] = ()
    none: float | None = None
    thresholds: str = ""
    weighed: tuple[str, ...] = ()
    lacking: str = ""
    released: Instant | None = None
    decided: Instant | None = None
    expires: Instant | None = None
    metric: str = ""
    samples: tuple[tuple[Instant, float], ...] = ()
    merging: Merging = Merging(False, "nothing says that it may")
    data: DataVerdict = DataVerdict()
    against: tuple[str, ...] = ()
    culprit: int | None = None
    reviewers: tuple[str, ...] = ()
