"""Two workers of Rollbot on one store, in virtual time: one dies, or is held up for longer than its lease, right after an effect.

Each has its own mirror of Git, its own connection, its own caches; the world, the forge's people and the messengers are one. What is left
in the end is what an undisturbed pair leaves: the dead one's work is the other's, and one that wakes up late repeats nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from bot.adapters.forges.local import LocalForge
from bot.adapters.pins import SqlitePinCache
from bot.adapters.queues.local import LEASE, LocalQueue, LocalRunner
from bot.adapters.store.due import SqlQueueRows
from bot.adapters.store.pulls import SqlPullRows
from bot.adapters.store.schema import Database
from bot.adapters.store.sql import SqlStore
from bot.changes.change import MergeAnswer, PullRequest
from bot.errors import Unavailable
from bot.ports import Forge, Notice, Ports
from bot.reconciler.intake import receive
from bot.reconciler.sweep import sweep
from bot.reconciler.work import work
from bot.refs import Instant, Sha
from bot.signals.signal import Thread
from bot.world.forge import MoodyForge
from bot.world.story import Story
from bot.world.talk import Comment, payload
from bot.world.world import World
from tests.reconciler.quick import QuickWorld
from tests.reconciler.test_kills import EFFECTS, ROUTINE, TIME, Killed, Way, a_story, left

SWEEP = 60.0
HOUR = 3600.0
SETTLES = 240.0
"""Seconds after the last incident's end within which everybody has heard of it."""
PORTS = ("repository", "forge", "notifier", "store", "queue", "conversation")
NAME = re.compile(r"\b[0-9a-f]{7,40}\b")


@dataclass
class Blow:
    """What hits a worker right after its effect number `at`; None: nothing, the effects are only counted. `pauses`: it wakes up again."""

    at: int | None = None
    pauses: bool = False
    seen: list[str] = field(default_factory=list)


class Desk(MoodyForge):
    """One worker's client of the forge: the forge's moods, and what it shows, are those of the world's."""

    def __init__(self, forge: Forge, first: MoodyForge) -> None:
        super().__init__(forge)
        self.first, self.marks = first, first.marks

    def merge(self, pull: PullRequest, head: Sha) -> MergeAnswer:
        self.before_merge, self.first.before_merge = self.first.before_merge, None
        return super().merge(pull, head)


class Worker:
    """One process: what it reaches the world by, and whether it lives."""

    def __init__(self, world: PairWorld, url: str, folder: Path) -> None:
        self.world, self.database, self.pins = world, Database(url), SqlitePinCache(folder)
        repository, rows = world.reached(), SqlQueueRows(self.database)
        whole = replace(
            world.whole,
            repository=repository,
            forge=Desk(LocalForge(repository, SqlPullRows(self.database, repository.name)), world.forge),
            store=SqlStore(self.database),
            queue=LocalQueue(rows, lock=repository.name),
            cache=self.pins,
            seen={},
            fetched={},
        )
        self.repository, self.forge = repository, whole.forge
        struck: dict[str, Any] = {name: Struck(getattr(whole, name), self) for name in PORTS}
        messengers: Any = {name: Struck(each, self) for name, each in whole.messengers.items()}
        self.ports: Ports = replace(whole, **struck, messengers=messengers)
        struck_rows: Any = Struck(rows, self)
        self.runner = LocalRunner(struck_rows, world.clock, self._work, workers=0)
        self.works = True
        """Neither dead nor held up."""

    def _work(self, key: str) -> Instant | None:
        return work(key, {self.repository.name: self.ports})

    def close(self) -> None:
        self.repository.close()
        self.pins.close()
        self.database.close()


class Struck:
    """Any port of a worker's, each of its effects a moment at which it may be hit."""

    def __init__(self, port: Any, worker: Worker) -> None:
        self._port, self._worker = port, worker

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._port, name)
        if name not in EFFECTS:
            return found
        label = f"{type(self._port).__name__}.{name}"
        return lambda *words, **named: self._worker.world.hit(label, self._worker, found(*words, **named))


class Inbox:
    """A messenger that keeps what it took, and is away once."""

    def __init__(self) -> None:
        self.took: list[str] = []
        self.away = 1

    def deliver(self, notice: Notice) -> None:
        if self.away:
            self.away -= 1
            raise Unavailable("nobody answers")
        self.took.append(notice.key)

    def renew(self, pages: object) -> None:
        """What stands is not looked at here."""

    def check(self) -> str:
        return "answers"


class PairWorld(QuickWorld):
    """Whoever is free takes the next key, one after the other; senders try the other door."""

    def __init__(self, told: Story, folder: Path, blow: Blow, database_url: str = "") -> None:
        self.blow = Blow()
        self.pair: list[Worker] = []
        super().__init__(told, folder, on_disk=True, database_url=database_url)
        self.post = Inbox()
        self.whole = replace(self._ports, messengers={"post": self.post})
        url = database_url or f"sqlite:///{folder / 'rollbot.db'}"
        self.pair = [Worker(self, url, folder / f"pins-{number}.sqlite") for number in range(2)]
        self.blow, self.hits, self.swept = blow, 0, self.clock.now()

    def place(self) -> str:
        return ",".join(f"{incident.state}{len(incident.actions)}" for incident in self.incidents())

    def hit(self, label: str, worker: Worker, answer: Any) -> Any:
        """An effect has been made: whoever made it may die of it, or be held up while the other goes on."""
        blow = self.blow
        blow.seen.append(label if label in ROUTINE else f"{label} {self.place()}")
        if blow.at == len(blow.seen) - 1:
            self.hits, worker.works = self.hits + 1, False
            if not blow.pauses:
                raise Killed
            self.pass_time(3 * LEASE)
            worker.works = True
        return answer

    def able(self) -> list[Worker]:
        return [worker for worker in self.pair if worker.works]

    def surviving(self, act: Callable[[Ports], Any]) -> Any:
        """Do it at one door; where its worker dies of it, do it at the other."""
        try:
            return act(self.able()[0].ports)
        except Killed:
            return act(self.able()[0].ports)

    def hear(self, payload: bytes) -> None:
        self.surviving(lambda ports: receive("alertmanager", payload, ports))

    def brought(self, said: Comment, action: str = "created") -> None:
        self.surviving(lambda ports: receive("github:issue_comment", payload(said, action), ports, f"{said.number}"))

    def step(self) -> None:
        World.step(self)
        if self.clock.now() - self.swept >= SWEEP:
            self.swept = self.clock.now()
            for worker in self.able():
                self._safely(lambda worker=worker: sweep(worker.ports))  # type: ignore[misc]
        worked = True
        while worked:
            worked = sum(self._safely(worker.runner.run_one) for worker in self.able() if worker.works) > 0

    def _safely(self, act: Callable[[], Any]) -> bool:
        try:
            return bool(act())
        except Killed:
            return True

    def close(self) -> None:
        for worker in self.pair:
            worker.close()
        super().close()


def lived(way: Way, folder: Path, blow: Blow, database_url: str = "") -> dict[str, Any]:
    """Live through a way and say what is left of it, and what a messenger and the people who talked have heard."""
    with PairWorld(a_story(way), folder, blow, database_url) as world:
        way.starts(world)  # type: ignore[arg-type]
        world.pass_time(4 * 60)
        end = world.clock.now() + 3 * HOUR
        while world.clock.now() < end and not (
            len(world.incidents()) == len(way.ends) and all(incident.ended is not None for incident in world.incidents())
        ):
            way.people(world)  # type: ignore[arg-type]
            world.pass_time(15)
        for _ in range(int(max(way.after, SETTLES) // 60)):
            way.people(world)  # type: ignore[arg-type]
            world.pass_time(60)
        assert world.hits == (blow.at is not None)
        threads = [Thread(world.talk.home, number) for number in (9000, *range(1, 6))]
        answers = {thread.number: [short(each.text) for each in world.talk.answers(thread)] for thread in threads}
        heard = sorted({short(key) for key in world.post.took})
        found = left(world)  # type: ignore[arg-type]
        return found | {"record": [short(line) for line in found["record"]], "answers": answers, "heard": heard}


def short(text: str) -> str:
    return NAME.sub("…", TIME.sub("…", text))


def doubled(expected: dict[str, Any], found: dict[str, Any]) -> list[str]:
    """Which effects there are more of than an undisturbed pair leaves."""
    counts = {"rollbacks": found["rollbacks"] - expected["rollbacks"], "undos": found["undos"] - expected["undos"]}
    for name in ("pulls", "branches", "marks", "told", "incidents"):
        counts[name] = len(found[name]) - len(expected[name])
    for name in ("comments", "answers"):
        counts[name] = sum(map(len, found[name].values())) - sum(map(len, expected[name].values()))
    return [f"{more} more {name}" for name, more in counts.items() if more > 0]
