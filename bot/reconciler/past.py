"""The outside world as it was at a time that is set: what was not there yet cannot be seen, and nothing can be changed."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate
from typing import Never

from bot.changes.change import Change, Mark, MergeAnswer, PullRequest
from bot.errors import Refused, Unavailable
from bot.incidents.rules import QueryRule
from bot.manifests.estate import Service
from bot.ports import Metrics, Notice, Polled, Repository, Sample, Sync
from bot.reconciler.view import CONFIG
from bot.refs import Instant, Sha
from bot.releases.release import Ahead, Commit
from bot.signals.remembered import Episode


def unchanged(*_: object, **__: object) -> Never:
    """Every effect ends here. Raises Refused."""
    raise Refused("a backtest changes nothing")


@dataclass(slots=True)
class PastClock:
    """Port Clock: whatever time is set."""

    at: Instant

    def now(self) -> Instant:
        return self.at


@dataclass(slots=True)
class PastQueue:
    """Port Queue: what is due when, in the past's own time."""

    due: dict[str, Instant] = field(default_factory=dict)

    def enqueue(self, key: str, due: Instant) -> None:
        self.due[key] = min(due, self.due.get(key, due))

    def take(self, until: Instant) -> tuple[str, Instant] | None:
        """Take what is due first, at `until` at the latest."""
        key, at = min(self.due.items(), key=lambda each: (each[1], each[0]), default=("", until + 1.0))
        if at > until:
            return None
        del self.due[key]
        return key, at


class PastRepository:
    """Port Repository over another one: the branch's head is what it was at the clock's time, under one configuration all the time.

    A commit counts from its committer's time on, or its parent's where that is later. `config` stands in the place of `.rollbot.yaml`
    in every tree (None: there is none), as what is tried is what this configuration would have done.
    """

    def __init__(self, repository: Repository, clock: PastClock, config: bytes | None, head: Sha) -> None:
        self._repository, self._clock = repository, clock
        self.name, self.branch = repository.name, repository.branch
        self._line = tuple(repository.log(head))
        self._place = {commit.sha: place for place, commit in enumerate(self._line)}
        self._times = list(accumulate((commit.time for commit in reversed(self._line)), max))
        self._config = None if config is None else (Sha(hashlib.sha1(b"blob %d\0%s" % (len(config), config)).hexdigest()), config)  # noqa: S324 - Git's own name for it

    def head(self, at: Instant) -> Sha | None:
        """The branch's head at a time, None before there was any."""
        count = bisect_right(self._times, at)
        return self._line[len(self._line) - count].sha if count else None

    def fetch(self) -> None:
        """All that there was is here."""

    def resolve(self, revision: str) -> Sha:
        if revision != self.branch:
            return self._repository.resolve(revision)
        found = self.head(self._clock.now())
        if found is None:
            raise Refused(f"{self.name} had no commit yet")
        return found

    def tree(self, commit: Sha) -> Mapping[str, Sha]:
        found = {path: blob for path, blob in self._repository.tree(commit).items() if path != CONFIG}
        return found if self._config is None else {**found, CONFIG: self._config[0]}

    def log(self, commit: Sha) -> Sequence[Commit]:
        place = self._place.get(commit)
        return self._repository.log(commit) if place is None else self._line[place:]

    def shallow(self) -> bool:
        return self._repository.shallow()

    def blobs(self) -> Mapping[Sha, bytes]:
        blobs = self._repository.blobs()
        return blobs if self._config is None else _With(blobs, *self._config)

    def read(self, blobs: Iterable[Sha]) -> Iterable[tuple[Sha, bytes]]:
        return self._repository.read(blobs)

    def mode(self, commit: Sha, path: str) -> str | None:
        return self._repository.mode(commit, path)

    def contains(self, commit: Sha, ancestor: Sha) -> bool:
        return self._repository.contains(commit, ancestor)

    def remote_head(self, branch: str) -> Sha | None:
        return self.head(self._clock.now()) if branch == self.branch else None

    def write(self, change: Change) -> Sha:
        unchanged()

    def advance(self, branch: str, old: Sha, new: Sha) -> MergeAnswer:
        unchanged()

    def delete(self, branch: str, old: Sha) -> None:
        unchanged()


class _With(Mapping[Sha, bytes]):
    """Blobs, and one more."""

    def __init__(self, blobs: Mapping[Sha, bytes], name: Sha, blob: bytes) -> None:
        self._blobs, self._name, self._blob = blobs, name, blob

    def __getitem__(self, key: Sha) -> bytes:
        return self._blob if key == self._name else self._blobs[key]

    def __iter__(self) -> Iterator[Sha]:
        return iter(self._blobs)

    def __len__(self) -> int:
        return len(self._blobs)

    def load(self, keys: Iterable[Sha]) -> None:
        if isinstance(self._blobs, Ahead):
            self._blobs.load(keys)


class PastForge:
    """Port Forge with no pull request in it."""

    guarded = True

    def find(self, branch: str) -> PullRequest | None:
        return None

    def touching(self, paths: Iterable[str], since: Instant) -> Sequence[PullRequest]:
        return ()

    def commit(self, change: Change) -> Sha:
        unchanged()

    def open(self, change: Change) -> PullRequest:
        unchanged()

    def merge(self, pull: PullRequest, head: Sha) -> MergeAnswer:
        unchanged()

    def disarm(self, pull: PullRequest) -> None:
        unchanged()

    def close(self, pull: PullRequest, why: str) -> None:
        unchanged()

    def comment(self, number: int, key: str, text: str) -> None:
        unchanged()

    def mark(self, commit: Sha, mark: Mark) -> None:
        unchanged()


class PastCluster:
    """Port Cluster: what ran where in the past, nobody remembers."""

    def sync(self, service: Service) -> Sync | None:
        return None

    def hasten(self, service: Service, commit: Sha, stuck: Instant | None = None) -> tuple[str, ...]:
        unchanged()


class PastNotifier:
    """Port Notifier: nobody is told of what is past."""

    def notify(self, notice: Notice) -> None: ...


@dataclass(slots=True)
class PastMetrics:
    """Port Metrics at the clock's time: alerts as they are remembered, samples up to then, rules as they are today.

    `trouble` is filled where the metrics behind it did not answer: what was decided then was decided on less than was known.
    """

    metrics: Metrics
    episodes: Mapping[str, Sequence[Episode]]
    """By the alert's name."""
    clock: PastClock
    trouble: list[Unavailable] = field(default_factory=list)

    def firing(self, name: str, labels: Mapping[str, str]) -> bool | None:
        return bool(self._active(name, labels)) if name in self.episodes else None

    def pending_since(self, name: str, labels: Mapping[str, str]) -> Instant | None:
        return min((each.pending for each in self._active(name, labels)), default=None)

    def range_window(self, name: str) -> float | None:
        try:
            return self.metrics.range_window(name)
        except Unavailable as error:
            self.trouble.append(error)
            raise

    def samples(self, name: str, labels: Mapping[str, str], start: Instant, end: Instant) -> Sequence[Sample]:
        try:
            return self.metrics.samples(name, labels, start, min(end, self.clock.now()))
        except Unavailable as error:
            self.trouble.append(error)
            raise

    def knowing(self, rules: Sequence[QueryRule]) -> PastMetrics:
        return replace(self, metrics=self.metrics.knowing(rules))

    def polled(self, rule: QueryRule) -> Polled | None:
        """What a query answers is asked for now; the past has its alerts."""
        return None

    def _active(self, name: str, labels: Mapping[str, str]) -> list[Episode]:
        now = self.clock.now()
        return [each for each in self.episodes.get(name, ()) if each.active(now) and _meant(each.labels, labels)]


def _meant(instance: Mapping[str, str], labels: Mapping[str, str]) -> bool:
    """No label of both differs, as where metrics are asked today."""
    return all(labels.get(name, value) == value for name, value in instance.items())
