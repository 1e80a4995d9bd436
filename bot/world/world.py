"""The world itself: time passes in it, people and bots push, the cluster syncs, services fail, alerts fire."""

from __future__ import annotations

from pathlib import Path

from bot.errors import BadConfig
from bot.refs import Sha
from bot.world import people
from bot.world.alerting import Instance, WorldMetrics
from bot.world.clock import VirtualClock
from bot.world.cluster import WorldCluster
from bot.world.events import Event, Kind
from bot.world.origin import Origin
from bot.world.people import ImageAutomation
from bot.world.story import Story, ToldCommit
from bot.world.traffic import SCRAPE, Outage, Traffic


class World:
    """Build one from a story, break something, let time pass, look at what is deployed and what happened."""

    def __init__(self, story: Story, folder: Path, origin: Origin | None = None) -> None:
        """`origin`: the Git server's repository, where it is another than a folder of the world's own."""
        self.story, self.folder = story, folder
        self.clock = VirtualClock(story.start)
        self.origin = origin or Origin(folder / f"{story.name}.git", story.branch)
        if self.origin.head() is None:
            self.origin.tell(story.history)
        self.cluster = WorldCluster(story, self.origin, self.clock)
        self.cluster.catch_up()
        self.traffic = Traffic(story, self.cluster)
        self.metrics = WorldMetrics(story, self.traffic, self.clock)
        self.automations: list[ImageAutomation] = []
        self.events: list[Event] = []
        self.sent: list[bytes] = []
        """What Alertmanager sent, oldest first."""
        self._alerts = {id(instance): "" for instance in self.metrics.instances}

    def pass_time(self, seconds: float) -> None:
        """Let time pass in steps of one scrape."""
        end = self.clock.now() + seconds
        while self.clock.now() < end:
            self.clock.advance(min(SCRAPE, end - self.clock.now()))
            self.step()

    def step(self) -> None:
        """Everybody in the world does what is due now."""
        for automation in self.automations:
            if told := automation.tick(self.origin, self.clock.now()):
                self._note(Kind.PUSHED, _subject(told), automation.service.key)
        self._sync()
        payloads = list(self.metrics.tick())
        for instance in self.metrics.instances:
            self._watch(instance)
        for payload in payloads:
            self.sent.append(payload)
            self.hear(payload)

    def hear(self, payload: bytes) -> None:
        """An alert was sent; nobody listens in an empty world."""

    # What people and bots do

    def release(self, service: str, version: str, environment: str = "prod", who: str = people.FLUX, message: str | None = None) -> Sha:
        """Somebody bumps a service's version."""
        told = people.bump(self.origin, self.story.service(service, environment), version, who, self.clock.now(), message)
        if told is None:
            raise BadConfig(f"{service}/{environment} is on {version} already, or has no version")
        return self.push(told, f"{service}/{environment}")

    def push(self, told: ToldCommit, service: str = "") -> Sha:
        """Somebody pushes a commit to the branch that is deployed."""
        head = self.origin.tell([told])
        self._note(Kind.PUSHED, _subject(told), service)
        return head

    def merge(self, branch: str, who: str = "Ada Byron <ada@shop.example>") -> Sha:
        """A person merges a branch at the command line."""
        head = self.origin.merge(branch, who, self.clock.now())
        self._note(Kind.PUSHED, f"Merge branch '{branch}'")
        return head

    def automate(
        self, service: str, newest: str, environment: str = "prod", older: tuple[str, ...] = (), scans: str = ""
    ) -> ImageAutomation:
        """An image automation keeps a service on its newest version, of those that the file `scans` does not keep out."""
        told = self.story.service(service, environment)
        automation = ImageAutomation(told, newest, last=self.clock.now(), older=older, scans=scans)
        self.automations.append(automation)
        return automation

    def break_outside(self, service: str, share: float, seconds: float, environment: str = "prod") -> None:
        """Trouble that no release made begins now."""
        key, now = self.story.service(service, environment).key, self.clock.now()
        self.traffic.outages.append(Outage(key, now, now + seconds, share))
        self._note(Kind.BROKEN, f"{share:.0%} of requests fail for another reason", key)

    # What can be looked at

    def deployed(self, service: str, environment: str = "prod") -> str:
        """The version that serves now."""
        rollout = self.cluster.at(self.clock.now())
        return rollout.versions.get(f"{service}/{environment}", "") if rollout else ""

    def desired(self, service: str, environment: str = "prod") -> str:
        """The version that HEAD asks for."""
        told, head = self.story.service(service, environment), self.origin.head()
        file = self.origin.read([(head, told.path)])[0] if head else None
        found = told.pattern.search(file.decode()) if file else None
        return found.group(1) if found else ""

    def failing(self, service: str, environment: str = "prod") -> float:
        """The share of requests that fail now."""
        return self.traffic.failing(self.story.service(service, environment).key, self.clock.now())

    def healthy(self, service: str, environment: str = "prod") -> bool:
        """No more errors than on a good day."""
        return self.failing(service, environment) <= self.story.errors * 1.01

    def _sync(self) -> None:
        before = len(self.cluster.rollouts)
        self.cluster.tick()
        for rollout in self.cluster.rollouts[before:]:
            self._note(Kind.SYNCED, rollout.revision)

    def _watch(self, instance: Instance) -> None:
        """Note when an alert changes state."""
        state = "firing" if instance.fired is not None else "pending" if instance.active is not None else ""
        before, self._alerts[id(instance)] = self._alerts[id(instance)], state
        kinds = {"pending": Kind.PENDING, "firing": Kind.FIRING, "": Kind.RESOLVED}
        if state != before and not (state == "" and before == "pending"):
            self._note(kinds[state], instance.rule.name, instance.service.key)

    def _note(self, kind: Kind, text: str, service: str = "") -> None:
        self.events.append(Event(self.clock.now(), kind, text, service))


def _subject(told: ToldCommit) -> str:
    return told.message.splitlines()[0]
