"""What runs, and what is broken outside → the share of requests that a service fails at a time, or over a window."""

from __future__ import annotations

from dataclasses import dataclass

from bot.refs import Instant
from bot.world.cluster import WorldCluster
from bot.world.story import Story

SCRAPE = 15.0


@dataclass(frozen=True, slots=True)
class Outage:
    """Trouble that no release made: a provider, a network, a node."""

    service: str
    start: Instant
    end: Instant
    share: float


class Traffic:
    """Errors by service. Services that call a failing one fail along."""

    def __init__(self, story: Story, cluster: WorldCluster) -> None:
        self.story, self.cluster = story, cluster
        self.outages: list[Outage] = []
        self._services = {service.key: service for service in story.services}
        self._reached = {key: self._reach(key) for key in self._services}

    def failing(self, key: str, at: Instant) -> float:
        """The share of a service's requests that fail at a time."""
        rollout = self.cluster.at(at)
        fine = 1.0 - self.story.errors
        for name in self._reached[key]:
            fine *= 1.0 - (rollout.failing.get(name, 0.0) if rollout else 0.0)
            for outage in self.outages:
                if outage.service == name and outage.start <= at < outage.end:
                    fine *= 1.0 - outage.share
        return 1.0 - fine

    def over(self, key: str, at: Instant, window: float) -> float:
        """The same over the window before `at`, as a range query over scrapes sees it."""
        scrapes = max(1, round(window / SCRAPE))
        return sum(self.failing(key, at - number * SCRAPE) for number in range(scrapes)) / scrapes

    def _reach(self, service: str) -> tuple[str, ...]:
        """A service and all that it calls, directly or not."""
        reached, waiting = dict[str, None](), [service]
        while waiting:
            key = waiting.pop()
            if key not in reached:
                reached[key] = None
                waiting.extend(self._services[key].calls)
        return tuple(reached)
