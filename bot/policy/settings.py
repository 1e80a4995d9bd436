"""What `.rollbot.yaml` may say about how far Rollbot goes by itself. Times in seconds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase

from bot.policy.windows import EVERYWHERE, Freeze, Window
from bot.refs import Instant

HOUR = 3600.0
DAY = 24 * HOUR


class Trust(StrEnum):
    """How far a decision is carried out, each rung including those before it. Compare with `rung`."""

    OBSERVE = "observe"
    NOTIFY = "notify"
    PROPOSE = "propose"
    MERGE = "merge"
    PUSH = "push"

    @property
    def rung(self) -> int:
        return list(Trust).index(self)


@dataclass(frozen=True, slots=True)
class Hours:
    """How far trust goes while the window is open, instead of what `PolicyRules.trust` says."""

    window: Window
    trust: Trust


class Each(StrEnum):
    """What a cap counts together."""

    ESTATE = "estate"
    """All that its environments hold."""
    ENVIRONMENT = "environment"
    SERVICE = "service"
    """A service in one environment."""


@dataclass(frozen=True, slots=True)
class Cap:
    """At most so many rollbacks by ourselves `within` so many seconds, in the `environments` (globs)."""

    most: int
    within: float
    each: Each = Each.ESTATE
    environments: tuple[str, ...] = EVERYWHERE


@dataclass(frozen=True, slots=True)
class Countdown:
    """How long a change of ours waits, announced, before it is merged by itself, in which `environments` (globs)."""

    environments: tuple[str, ...] = ()
    lasts: float = 300.0

    def before(self, environments: Iterable[str]) -> float:
        """How long a change that reaches these environments waits; 0: not at all."""
        placed = any(fnmatchcase(each, glob) for each in environments for glob in self.environments)
        return self.lasts if placed else 0.0


@dataclass(frozen=True, slots=True)
class PolicyRules:
    """`trust` by environment or glob of environments (default: propose). `frozen`: environments where nothing is done by itself.

    `freezes` are the same at times; `maintenance`: when people work on something; `hours`: when trust is another (the first counts).
    `countdown`: how long a change waits before it is merged by itself. `cooldown`: no second rollback of a service within it.
    `caps`: how much goes by itself in a while. `quarantine`: how long a bad release is kept out.
    `stop`: the kill switch as configuration; the file `.rollbot/stop` at HEAD is another.
    `protected`: service name globs that always need a person. `undo_alone`: an undo in a `merge` environment needs no person.
    `hold_forward`: while a release is kept out, no bot moves its service on to another version either.
    `accept`: objections to plans (their codes) that are noted and need no person.
    """

    trust: Mapping[str, Trust] = field(default_factory=dict)
    cooldown: float = HOUR
    caps: tuple[Cap, ...] = (Cap(3, HOUR), Cap(1, DAY, Each.SERVICE))
    quarantine: float = 14 * DAY
    frozen: tuple[str, ...] = ()
    freezes: tuple[Freeze, ...] = ()
    maintenance: tuple[Window, ...] = ()
    hours: tuple[Hours, ...] = ()
    countdown: Countdown = Countdown()
    stop: bool = False
    protected: tuple[str, ...] = (
        "argocd*",
        "argo-cd*",
        "flux*",
        "rollbot*",
        "ingress*",
        "istio*",
        "linkerd*",
        "coredns*",
        "external-dns*",
        "cert-manager*",
        "cilium*",
        "calico*",
        "*-csi*",
        "*operator*",
        "postgres*",
        "mysql*",
        "mariadb*",
        "mongodb*",
        "redis*",
        "kafka*",
        "elasticsearch*",
        "etcd*",
    )
    undo_alone: bool = False
    accept: tuple[str, ...] = ()
    hold_forward: bool = False

    def trust_in(self, environment: str) -> Trust:
        """The rung of the environment's own name, else of the longest glob that fits it (`prod-*` before `*`)."""
        if environment in self.trust:
            return self.trust[environment]
        fitting = [pattern for pattern in self.trust if fnmatchcase(environment, pattern)]
        return self.trust[max(fitting, key=len)] if fitting else Trust.PROPOSE

    def trust_at(self, environment: str, now: Instant) -> Trust:
        """The rung at a time: that of the first hours that are open there, else that of all hours."""
        found = (each.trust for each in self.hours if each.window.about([environment], "") and each.window.closes(now) is not None)
        return next(found, self.trust_in(environment))
