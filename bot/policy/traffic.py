"""What `.rollbot.yaml` may say about taking the bad side's traffic away before its version goes back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from bot.policy.settings import PolicyRules, Trust
from bot.refs import Instant


@dataclass(frozen=True, slots=True)
class TrafficRules:
    """`drain`: environments (globs) where it is done. `trust`: how far it goes by itself, by environment or glob (else as `policy.trust`).

    `backends`: what a service's releases run behind, by service, where the manifests do not tell. `routes`: globs of files with routes
    that lie elsewhere than with the service.
    """

    drain: tuple[str, ...] = ()
    trust: Mapping[str, Trust] = field(default_factory=dict)
    backends: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    routes: tuple[str, ...] = ()

    def drains(self, environment: str) -> bool:
        return any(fnmatchcase(environment, glob) for glob in self.drain)

    def trust_at(self, environment: str, policy: PolicyRules, now: Instant) -> Trust:
        """The rung of a drain: it is reversible, so it may be allowed further than a rollback."""
        if environment in self.trust:
            return self.trust[environment]
        fitting = [glob for glob in self.trust if fnmatchcase(environment, glob)]
        return self.trust[max(fitting, key=len)] if fitting else policy.trust_at(environment, now)
