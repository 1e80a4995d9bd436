"""How much of the API each account may still ask for, counted down and given anew each hour, and until when a token serves.

https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api: each answer says it, and an answer 304 costs nothing.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

HOUR = 3600.0
NOBODY = "nobody"
LIMITS = {"core": 15_000, "graphql": 10_000, "search": 30}
"""What an Enterprise organisation's accounts have; who shows no token has 60."""


@dataclass
class Quota:
    """`ahead`: seconds by which the fake's clock goes before ours. `limits` may be set by account and resource."""

    ahead: float = 0.0
    limits: dict[tuple[str, str], int] = field(default_factory=dict)
    expiries: dict[str, float] = field(default_factory=dict)
    """When a token ends, where it does."""
    _used: dict[tuple[str, str], tuple[float, int]] = field(default_factory=dict)

    def now(self) -> float:
        return time.time() + self.ahead

    def valid(self, token: str) -> bool:
        return self.now() < self.expiries.get(token, float("inf"))

    def limit(self, who: str, resource: str) -> int:
        return self.limits.get((who, resource), 60 if who == NOBODY else LIMITS[resource])

    def spent(self, who: str, resource: str) -> bool:
        return self._window(who, resource)[1] >= self.limit(who, resource)

    def charge(self, who: str, resource: str) -> None:
        reset, used = self._window(who, resource)
        self._used[who, resource] = (reset, used + 1)

    def told(self, who: str, resource: str) -> dict[str, int]:
        """As `GET /rate_limit` has it; `reset` in seconds since the epoch."""
        reset, used = self._window(who, resource)
        limit = self.limit(who, resource)
        return {"limit": limit, "remaining": max(0, limit - used), "reset": int(reset), "used": used}

    def headers(self, who: str, resource: str) -> Mapping[str, str]:
        said = self.told(who, resource)
        return {**{f"X-RateLimit-{name.capitalize()}": str(value) for name, value in said.items()}, "X-RateLimit-Resource": resource}

    def _window(self, who: str, resource: str) -> tuple[float, int]:
        """The hour that runs, begun by the first request after the last one."""
        reset, used = self._used.get((who, resource), (0.0, 0))
        return (reset, used) if self.now() < reset else (self.now() + HOUR, 0)
