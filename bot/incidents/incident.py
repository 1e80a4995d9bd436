"""An incident: a service's symptoms or a person's request, and all that was done about it so far."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from bot.incidents.lifecycle import End, State
from bot.refs import Instant, ServiceRef, Sha
from bot.signals.signal import Asked


@dataclass(frozen=True, slots=True)
class Symptom:
    """One alert that belongs to the service. `key` names the alert instance, whatever its status (fingerprint and start)."""

    key: str
    source: str
    name: str
    labels: Mapping[str, str]
    started: Instant
    severity: str = ""
    summary: str = ""
    url: str | None = None
    resolved: Instant | None = None
    acts: bool = False
    """It is allowed to change Git (F10); the others are evidence."""
    why_not: str = ""
    """Why it is not allowed to, where that is so."""
    fingerprint: str = ""
    """What fires, whatever the time: the same for every `key` of it."""
    again: Instant | None = None
    """When it last began to fire, where it had been resolved in between."""
    times: int = 1
    """How often it began to fire: an alert that flaps is one symptom."""


class Kind(StrEnum):
    """What an action does."""

    ROLLBACK = "rollback"
    UNDO = "undo"


@dataclass(frozen=True, slots=True)
class Member:
    """A service of a group: `release` is the commit whose release of it goes back, `to` where; the lowest `wave` goes first."""

    service: ServiceRef
    release: Sha
    version: str
    to: str
    wave: int = 0


@dataclass(frozen=True, slots=True)
class Action:
    """One change of the desired state that this incident makes: filled in as it goes, never emptied.

    `release` is the commit that goes back (for an undo: our own commit), `identity` what the same change would be again,
    `key` the plan's key, `mode` how far we go by ourselves, `attempt` the generation of the branch.
    """

    kind: Kind
    release: Sha | None
    identity: str = ""
    version: str = ""
    to: str = ""
    attempt: int = 1
    key: str = ""
    base: Sha | None = None
    mode: str = ""
    branch: str = ""
    replaced: tuple[str, ...] = ()
    """Branches of earlier plans for this action, whose pull requests are to be closed."""
    evidence: tuple[str, ...] = ()
    planned: Instant | None = None
    expires: Instant | None = None
    moved: int = 0
    head: Sha | None = None
    pull: int | None = None
    url: str | None = None
    commit: Sha | None = None
    """Our commit on the target branch."""
    by_person: bool = False
    """A person merged it."""
    merged: Instant | None = None
    arrived: Instant | None = None
    quiet: Instant | None = None
    """Since when, after it arrived, the alert is seen not to fire."""
    relapsed: Instant | None = None
    """Since when it fires again, after it had been quiet."""
    helped: bool | None = None
    approved: str = ""
    """Who approved exactly `head`, "" where nobody did."""
    merges: Instant | None = None
    """Not before then is it merged by ourselves: the countdown in which a person may stop it. None where there is none."""
    asked_by: str = ""
    """Who asked for this very action; "" where it came of itself, or of the incident's request."""
    toward: str = ""
    """The version to go back to, where our records speak against the one that the history alone would choose."""
    culprit: int | None = None
    """The pull request that brought the release in, where its commit says so."""
    members: tuple[Member, ...] = ()
    """All that go back because of each other, the first the one that was asked for; empty where it goes alone."""
    wave: int = 0
    """The wave of the members that this action carries out."""

    @property
    def waves(self) -> tuple[int, ...]:
        """The waves of its group in their order; (0,) where there are none."""
        return tuple(sorted({member.wave for member in self.members})) or (0,)

    @property
    def later(self) -> bool:
        """Whether it carries on a group that has begun to go back: what was begun is finished, whether the symptom has gone or not."""
        return self.kind is Kind.ROLLBACK and self.wave != self.waves[0]

    @property
    def turn(self) -> tuple[int, int] | None:
        """Which of how many waves this is, None where the group goes at once."""
        return (self.waves.index(self.wave) + 1, len(self.waves)) if len(self.waves) > 1 else None

    @property
    def carried(self) -> tuple[ServiceRef, ...]:
        """The services of the group that this action moves."""
        return tuple(member.service for member in self.members if member.wave == self.wave)


@dataclass(frozen=True, slots=True)
class Incident:
    """`rev` counts saves (optimistic locking); `entries` and `last` say how long its record is and what it ends with."""

    id: str
    service: ServiceRef
    opened: Instant
    state: State = State.OPENED
    symptoms: tuple[Symptom, ...] = ()
    request: Asked | None = None
    actions: tuple[Action, ...] = ()
    onset: Instant | None = None
    onset_latest: Instant | None = None
    end: End | None = None
    why: str = ""
    ended: Instant | None = None
    due: Instant | None = None
    rev: int = 0
    entries: int = 0
    last: str = field(default="0" * 64)

    @property
    def asked(self) -> bool:
        return self.request is not None

    @property
    def action(self) -> Action:
        """The action at hand. Only for states from `decided` on."""
        return self.actions[-1]

    @property
    def acts(self) -> bool:
        """Whether anything here is allowed to change Git."""
        return self.asked or any(symptom.acts for symptom in self.symptoms)

    @property
    def resolved(self) -> Instant | None:
        """When the last of its symptoms went, None while one is left (or where there are none)."""
        times = [symptom.resolved for symptom in self.symptoms]
        return max((at for at in times if at is not None), default=None) if None not in times else None

    @property
    def changed(self) -> int:
        """How many changes it made by itself; the waves of a group under way are one, which is not made yet."""
        under_way = self.actions[-1].members if self.actions and self.actions[-1].kind is Kind.ROLLBACK else ()
        made = [action for action in self.actions if action.commit and not action.by_person and action.kind is Kind.ROLLBACK]
        return len({action.members or action.commit for action in made if not under_way or action.members != under_way})

    @property
    def tried(self) -> frozenset[Sha]:
        """The commits whose releases this incident rolled back already."""
        done = (action for action in self.actions if action.kind is Kind.ROLLBACK and action.commit)
        return frozenset(release for action in done for release in (action.release, *(each.release for each in action.members)) if release)

    @property
    def undone(self) -> int:
        """How many rollbacks of this incident were undone; the waves of a group are one."""
        return sum(1 for action in self.actions if action.kind is Kind.UNDO and action.commit and action.wave == action.waves[0])


def identify(service: ServiceRef, first: str) -> str:
    """Name an incident after its service and the signal that opened it, so that the same signal read twice opens one incident."""
    text = "\n".join([service.repository, str(service), first])
    plain = "-".join(part for part in (service.environment, service.cluster, service.name) if part)
    return f"{plain}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"
