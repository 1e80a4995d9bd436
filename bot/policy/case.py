"""All that a rule may look at, frozen."""

from __future__ import annotations

from dataclasses import dataclass, field

from bot.attribution.rules import AttributionRules
from bot.attribution.suspects import Attribution, Suspect
from bot.policy.judgement import Sureness
from bot.policy.settings import PolicyRules
from bot.policy.words import Hold
from bot.quarantine import Quarantine
from bot.refs import Instant, ServiceRef, Sha
from bot.releases.release import Release


@dataclass(frozen=True, slots=True)
class Past:
    """A rollback of this service that was carried out before this incident: of which release, when."""

    release: Sha
    identity: str
    at: Instant
    incident: str
    along: bool = False
    """It went along with another service, whose incident that is."""


@dataclass(frozen=True, slots=True)
class Made:
    """A rollback on the branch, of any service: `services` are (name, environment)."""

    commit: Sha
    at: Instant
    incident: str
    services: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Case:
    """What is known when something is to be decided about one service.

    `release` is what would go back (None while nobody is named), `suspect` why it is suspected (None where a person asked).
    `confirmed`: whether the metrics themselves say that the alert is active (None: they cannot tell).
    `changed`: how many changes this incident made by itself; `undone`: how many of its rollbacks were undone.
    """

    now: Instant
    service: ServiceRef
    asked: bool
    acts: bool
    why_not: tuple[str, ...] = ()
    confirmed: bool | None = None
    quiet: bool = False
    """The metrics say of every alert that it does not fire."""
    attribution: Attribution | None = None
    suspect: Suspect | None = None
    release: Release | None = None
    target: str | None = None
    releases_back: int = 0
    """How many releases the target lies before what runs now; 0 where no target is known."""
    target_left: Instant | None = None
    """When the target was last replaced; None where that is not known."""
    since: tuple[Release, ...] = ()
    """What was released after the symptom began, newest first."""
    reached: tuple[str, ...] = ()
    """The environments that the plan changes something in; empty while there is none."""
    security: tuple[str, ...] = ()
    """The marks of security in the messages of what would go back."""
    consumers: tuple[ServiceRef, ...] = ()
    """Other services that the pins to be edited belong to as well."""
    fixing: tuple[str, ...] = ()
    """Open pull requests of people, moved since the symptom began, that touch what would go back."""
    past: tuple[Past, ...] = ()
    made: tuple[Made, ...] = ()
    """What went back by itself lately in the whole repository, in other incidents."""
    quarantines: tuple[Quarantine, ...] = ()
    holds: tuple[Hold, ...] = ()
    changed: int = 0
    undone: int = 0
    undoing: bool = False
    policy: PolicyRules = field(default_factory=PolicyRules)
    window: AttributionRules = field(default_factory=AttributionRules)
    sureness: Sureness = Sureness.UNKNOWN
    """What the posterior says of the suspect."""
    act_at: float | None = None
    """From which probability on it would go by itself; None: at none."""
