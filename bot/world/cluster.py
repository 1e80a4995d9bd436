"""HEAD of the world's repository → what its services run: port Cluster, as Argo CD and Flux would answer."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from bot.manifests.estate import Service
from bot.manifests.weights.draining import share_of
from bot.outcomes.job import JobRun
from bot.ports import Clock, Sync
from bot.refs import Instant, Sha
from bot.world.jobs import WorldJobs
from bot.world.origin import Origin
from bot.world.progressive import Controller, Phase, standing
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
    routed: Mapping[str, float] = field(default_factory=dict)
    """Of services behind a route: the share of requests that goes to the version. It counts from `synced`: no pods are waited for."""


class WorldCluster:
    """Applies HEAD `delay` seconds after it sees it; pods need `rollout` seconds more. `stuck` makes it stop syncing."""

    def __init__(self, story: Story, origin: Origin, clock: Clock, delay: float = 60.0, rollout: float = 30.0) -> None:
        self.story, self.origin, self.clock = story, origin, clock
        self.delay, self.rollout = delay, rollout
        self.stuck = False
        self.controllers: dict[str, Controller] = {}
        """By service: who rolls its releases out step by step."""
        self.rollouts: list[Rollout] = []
        self.jobs = WorldJobs(origin, clock)
        self._seen: tuple[Sha, Instant] | None = None

    def catch_up(self) -> None:
        """Live through the repository's history up to now."""
        commits = self.origin.log()
        states = self._read([sha for sha, _, _ in commits])
        for (sha, time, _), seen in zip(commits, states, strict=True):
            self.rollouts.append(Rollout(sha, time + self.delay, time + self.delay + self.rollout, *seen))

    def tick(self) -> None:
        """See a new HEAD, or apply the one seen long enough ago."""
        head, now = self.origin.head(), self.clock.now()
        if head is None or self.stuck or (self.rollouts and head == self.rollouts[-1].revision):
            self._seen = None
        elif self._seen is None or self._seen[0] != head:
            self._seen = (head, now)
        elif now - self._seen[1] >= self.delay:
            [seen] = self._read([head])
            self.rollouts.append(Rollout(head, now, now + self.rollout, *seen))
            self.jobs.applied(head)
            self._seen = None
        self.jobs.tick()

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
        if (told := self._told(key, last, earlier)) is not None:
            return told
        if last.failing[key] >= 1:
            return Sync(last.revision, last.synced, False, "Degraded: CrashLoopBackOff", earlier)
        return Sync(last.revision, last.synced, True, "Synced, Healthy", earlier)

    def hasten(self, service: Service, commit: Sha, stuck: Instant | None = None) -> tuple[str, ...]:
        """It looks at every tick as it is."""
        return ()

    def job(self, service: Service, name: str) -> JobRun | None:
        return self.jobs.run(name)

    def at(self, time: Instant) -> Rollout | None:
        """The rollout that serves at a time, with what fails of all requests as they are routed then."""
        index = bisect_right(self.rollouts, time, key=lambda rollout: rollout.serving)
        served = self._controlled(self.rollouts[index - 1], time) if index else None
        routes = self.rollouts[bisect_right(self.rollouts, time, key=lambda rollout: rollout.synced) - 1].routed if served else {}
        if served is None or not routes:
            return served
        return replace(served, failing={key: share * routes.get(key, 1.0) for key, share in served.failing.items()})

    def _controlled(self, served: Rollout, time: Instant) -> Rollout:
        """What serves where progressive controllers have a word in it."""
        for key, controller in self.controllers.items():
            found = standing(controller, self.rollouts, key, time)
            if found is None or found.phase is Phase.DONE:
                continue
            share = controller.share if found.phase is Phase.ROLLING else 0.0
            failing = served.failing.get(key, 0.0) * share + found.stable.failing.get(key, 0.0) * (1 - share)
            versions = {**served.versions, key: found.stable.versions[key]}
            served = replace(served, versions=versions, failing={**served.failing, key: failing})
        return served

    def _told(self, key: str, last: Rollout, earlier: tuple[tuple[Sha, Instant], ...]) -> Sync | None:
        """What a progressive controller has to say of a service; None where it has nothing to say."""
        controller = self.controllers.get(key)
        found = standing(controller, self.rollouts, key, self.clock.now()) if controller else None
        if controller is None or found is None or found.phase is Phase.DONE:
            return None
        if found.phase is Phase.ROLLING:
            what = f"Progressing: {controller.name} gives {last.versions[key]} {controller.share:.0%} of the traffic"
            return Sync(last.revision, last.synced, None, what, earlier)
        healed = f"{controller.name} took {last.versions[key]} back, {found.stable.versions[key]} runs"
        return Sync(last.revision, last.synced, True, "Synced, Healthy", earlier, healed=healed)

    def _read(self, commits: list[Sha]) -> list[tuple[dict[str, str], dict[str, float], dict[str, float]]]:
        routed = self._routed(commits)
        services = self.story.services
        files = self.origin.read([(commit, service.path) for commit in commits for service in services])
        states = []
        for index in range(len(commits)):
            here = files[index * len(services) : (index + 1) * len(services)]
            pairs = [(service, (file or b"").decode()) for service, file in zip(services, here, strict=True)]
            versions = {s.key: found.group(1) for s, text in pairs if (found := s.pattern.search(text))}
            failing = {s.key: _failing(s, versions, text) for s, text in pairs if s.key in versions}
            states.append((versions, failing, routed[index]))
        return states

    def _routed(self, commits: list[Sha]) -> list[dict[str, float]]:
        """What of its requests each service behind a route gets, at each commit."""
        routes = [(service.key, *service.route) for service in self.story.services if service.route]
        files = self.origin.read([(commit, path) for commit in commits for _, path, _ in routes])
        shares = [share_of(file or b"", path, name) for (_, path, name), file in zip(routes * len(commits), files, strict=True)]
        keys = [key for key, _, _ in routes]
        return [dict(zip(keys, shares[at * len(keys) : (at + 1) * len(keys)], strict=True)) for at in range(len(commits))]


def _failing(service: ToldService, versions: Mapping[str, str], text: str) -> float:
    """The greatest share that its version, a line of its configuration, or another's version beside it costs."""
    version = versions[service.key]
    lines = [share for line, share in service.bad_lines.items() if line in text]
    pairs = {f"{version} {key} {other}" for key, other in versions.items()}
    beside = [share for pair, share in service.bad_beside.items() if pair in pairs]
    return max([service.bad.get(version, 0.0), *lines, *beside])
