"""Alerts of the past × the repository as it was then → what Rollbot would have done: the same steps as in earnest, in the past's own time.

Every alert is told through the inbox, every incident goes through `reconcile`. It stands still where something would be written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from bot.errors import Refused
from bot.incidents.incident import Incident, Symptom
from bot.incidents.lifecycle import End, State
from bot.ports import Metrics, PinCache, Ports, Repository, Store
from bot.reconciler.intake import INBOX, receive, take_in
from bot.reconciler.past import PastClock, PastCluster, PastForge, PastMetrics, PastNotifier, PastQueue, PastRepository
from bot.reconciler.reconcile import THINKING, reconcile
from bot.reconciler.saving import save
from bot.reconciler.step import end
from bot.records.verdicts import Replayed
from bot.refs import Instant, Sha
from bot.signals.remembered import TOLD_AFTER, Episode, payload

MOMENT = 0.001
"""Times in payloads are that exact."""
PATIENCE, HOUR = 7200.0, 3600.0
"""What has been waited for longer than this is looked at once an hour only: in the past nobody is kept waiting."""


@dataclass(frozen=True, slots=True)
class Known:
    """What a backtest works on. `store` is an empty one of its own; `head` ends the history; `config` is `.rollbot.yaml` all the time."""

    repository: Repository
    cache: PinCache
    metrics: Metrics
    store: Store
    episodes: Sequence[Episode]
    head: Sha
    config: bytes | None
    until: Instant


def replay(known: Known, told: Callable[[int, int], object] = lambda done, of: None) -> tuple[Replayed, ...]:
    """Live through all of it and answer the incidents, oldest first. `told` hears how many of how many messages have been.

    Raises Unavailable where the metrics or the repository do not answer: half of the evidence would be another past.
    """
    past = _Past(known)
    messages = sorted(_messages(known.episodes), key=lambda each: each[0])
    for done, (at, source, body) in enumerate(messages):
        past.until(min(at, known.until))
        if at <= known.until and past.begun:
            receive(source, body, past.ports)
        told(done + 1, len(messages))
    past.until(known.until)
    found = known.store.incidents(known.repository.name)
    return tuple(Replayed(each, tuple(known.store.entries(each.id)), _over(each, known.episodes)) for each in reversed(found))


def _over(incident: Incident, episodes: Sequence[Episode]) -> Instant | None:
    """When its last alert ended, whenever Rollbot had done with it."""
    found = [each.ended for each in episodes if any(_is(each, symptom) for symptom in incident.symptoms)]
    return max((at for at in found if at is not None), default=None) if None not in found else None


def _is(episode: Episode, symptom: Symptom) -> bool:
    last = symptom.started if symptom.again is None else symptom.again
    return abs(episode.fired - last) < MOMENT and dict(episode.labels) == dict(symptom.labels)


def _messages(episodes: Sequence[Episode]) -> Iterator[tuple[Instant, str, bytes]]:
    for one in episodes:
        yield one.fired + one.after, one.source, payload(one, resolved=False)
        if one.ended is not None:
            yield max(one.ended, one.fired + one.after) + TOLD_AFTER, one.source, payload(one, resolved=True)


class _Past:
    def __init__(self, known: Known) -> None:
        self.clock, self.queue = PastClock(0.0), PastQueue()
        names = {each.name for each in known.episodes}
        episodes = {name: tuple(each for each in known.episodes if each.name == name) for name in names}
        self.metrics = PastMetrics(known.metrics, episodes, self.clock)
        self.repository = PastRepository(known.repository, self.clock, known.config, known.head)
        self.ports = Ports(
            repository=self.repository,
            forge=PastForge(),
            cluster=PastCluster(),
            metrics=self.metrics,
            notifier=PastNotifier(),
            store=known.store,
            queue=self.queue,
            clock=self.clock,
            cache=known.cache,
        )

    @property
    def begun(self) -> bool:
        """Whether there is a commit by now."""
        return self.repository.head(self.clock.now()) is not None

    def until(self, at: Instant) -> None:
        """Do everything that is due until then."""
        while (taken := self.queue.take(at)) is not None:
            key, due = taken
            self.clock.at = max(self.clock.at, due)
            again = take_in(self.ports) if key.startswith(INBOX) else self._step(key)
            if self.metrics.trouble:
                raise self.metrics.trouble[0]
            if again is not None:
                self.queue.enqueue(key, again)
        self.clock.at = max(self.clock.at, at)

    def _step(self, key: str) -> Instant | None:
        incident = self.ports.store.incident(key)
        if incident is None or incident.state is State.ENDED:
            return None
        if incident.state not in THINKING:
            return self._stand(incident)
        try:
            again = reconcile(key, self.ports)
        except Refused as error:
            step = end(incident, End.ESCALATED, str(error), self.clock.now(), urgent=False)
            return save(step, self.ports, lasting=False).due
        now = self.clock.now()
        return max(again, now + HOUR) if again is not None and again > now > incident.opened + PATIENCE else again

    def _stand(self, incident: Incident) -> Instant | None:
        """It would have been written; what fires again meanwhile still belongs to it, and with its last alert it is over."""
        if incident.resolved is None:
            return None
        step = end(incident, End.OBSERVED, "its alerts ended; what it would have done was not done", self.clock.now(), urgent=False)
        return save(step, self.ports, lasting=False).due
