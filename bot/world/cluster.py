"""HEAD of the world's repository → what its services run: port Cluster, as Argo CD and Flux would answer."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass

from bot.manifests.estate import Service
from bot.ports import Clock, Sync
from bot.refs import Instant, Sha
from bot.world.origin import Origin
from bot.world.story import Story, ToldService

REMEMBERED = 10
"""How many revisions it keeps in its history, as Argo CD does."""


@dataclass(frozen=True, slots=True)
class Rollout:
    """One applied commit: `synced` when the cluster took it, `serving` when its pods took over."""

    revision: Sha
    synced: Instant
    serving: Instant
    versions: Mapping[str, str]
    failing: Mapping[str, float]
    """The share of its own requests that each service fails."""


class WorldCluster:
    """Applies HEAD `delay` seconds after it sees it; pods need `rollout` seconds more. `stuck` makes it stop syncing."""

    def __init__(self, story: Story, origin: Origin, clock: Clock, delay: float = 60.0, rollout: float = 30.0) -> None:
        self.story, self.origin, self.clock = story, origin, clock
        self.delay, self.rollout = delay, rollout
        self.stuck = False
        self.rollouts: list[Rollout] = []
        self._seen: tuple[Sha, Instant] | None = None

    def catch_up(self) -> None:
        """Live through the repository's history up to now."""
        commits = self.origin.log()
        states = self._read([sha for sha, _, _ in commits])
        for (sha, time, _), (versions, failing) in zip(commits, states, strict=True):
            self.rollouts.append(Rollout(sha, time + self.delay, time + self.delay + self.rollout, versions, failing))

    def tick(self) -> None:
        """See a new HEAD, or apply the one seen long enough ago."""
        head, now = self.origin.head(), self.clock.now()
        if head is None or self.stuck or (self.rollouts and head == self.rollouts[-1].revision):
            self._seen = None
        elif self._seen is None or self._seen[0] != head:
            self._seen = (head, now)
        elif now - self._seen[1] >= self.delay:
            [(versions, failing)] = self._read([head])
            self.rollouts.append(Rollout(head, now, now + self.rollout, versions, failing))
            self._seen = None

    def sync(self, service: Service) -> Sync | None:
        keys = (f"{service.ref.name}/{service.ref.cluster}", f"{service.ref.name}/{service.ref.environment}")
        known = self.rollouts[-1].versions if self.rollouts else {}
        key = next((key for key in keys if key in known), None)
        if key is None:
            return None
        last = self.rollouts[-1]
        earlier = tuple((rollout.revision, rollout.synced) for rollout in self.rollouts[-2 : -2 - REMEMBERED : -1])
        if self.clock.now() < last.serving:
            return Sync(last.revision, last.synced, None, "Progressing: waiting for rollout to finish", earlier)
        if last.failing[key] >= 1:
            return Sync(last.revision, last.synced, False, "Degraded: CrashLoopBackOff", earlier)
        return Sync(last.revision, last.synced, True, "Synced, Healthy", earlier)

    def hasten(self, service: Service, commit: Sha, stuck: Instant | None = None) -> tuple[str, ...]:
        """It looks at every tick as it is."""
        return ()

    def at(self, time: Instant) -> Rollout | None:
        """The rollout that serves at a time."""
        index = bisect_right(self.rollouts, time, key=lambda rollout: rollout.serving)
        return self.rollouts[index - 1] if index else None

    def _read(self, commits: list[Sha]) -> list[tuple[dict[str, str], dict[str, float]]]:
        services = self.story.services
        files = self.origin.read([(commit, service.path) for commit in commits for service in services])
        states = []
        for index in range(len(commits)):
            here = files[index * len(services) : (index + 1) * len(services)]
            pairs = [(service, (file or b"").decode()) for service, file in zip(services, here, strict=True)]
            versions = {s.key: found.group(1) for s, text in pairs if (found := s.pattern.search(text))}
            failing = {s.key: _failing(s, versions, text) for s, text in pairs if s.key in versions}
            states.append((versions, failing))
        return states


def _failing(service: ToldService, versions: Mapping[str, str], text: str) -> float:
    """The greatest share that its version, a line of its configuration, or another's version beside it costs."""
    version = versions[service.key]
    lines = [share for line, share in service.bad_lines.items() if line in text]
    pairs = {f"{version} {key} {other}" for key, other in versions.items()}
    beside = [share for pair, share in service.bad_beside.items() if pair in pairs]
    return max([service.bad.get(version, 0.0), *lines, *beside])
