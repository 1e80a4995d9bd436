"""What `.rollbot.yaml` may say about people: who may act, who may stop."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from bot.signals.signal import Role


@dataclass(frozen=True, slots=True)
class Circle:
    """Teams (slugs) and people (logins) to whom an environment is reserved; whoever is in one of them may act there."""

    teams: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PeopleRules:
    """`act` is the least role that may roll back, approve, undo and lift; `stop` the least that may hold, cancel and ask.

    `applications`: repositories of the same forge in which people talk to us as well.
    `teams` and `owners` by environment or glob of environments: where one is named, acting takes being one of them as well.
    """

    act: Role = Role.WRITE
    stop: Role = Role.TRIAGE
    teams: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    owners: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    applications: tuple[str, ...] = ()

    def circle(self, environment: str) -> Circle | None:
        """Whom an environment is reserved to; None: to nobody in particular."""
        teams, owners = _fitting(self.teams, environment), _fitting(self.owners, environment)
        return None if teams is None and owners is None else Circle(teams or (), owners or ())


def _fitting(named: Mapping[str, tuple[str, ...]], environment: str) -> tuple[str, ...] | None:
    """By the environment's own name, else by the longest glob that fits it."""
    if environment in named:
        return named[environment]
    globs = [pattern for pattern in named if fnmatchcase(environment, pattern)]
    return named[max(globs, key=len)] if globs else None
