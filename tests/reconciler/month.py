"""The world of a month of virtual time: time in leaps, ports that fail and processes that die, people who see to what stands too long."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from bot.adapters.queues.local import LocalRunner
from bot.adapters.store.schema import queue
from bot.errors import Refused, Unavailable
from bot.incidents.incident import Incident
from bot.ports import Notice
from bot.reconciler.intake import receive
from bot.reconciler.sweep import sweep
from bot.records.entry import Entry
from bot.refs import Instant, Sha
from bot.world import story
from bot.world.origin import Origin
from bot.world.story import Story, ToldCommit
from bot.world.talk import Comment, payload
from bot.world.world import World
from tests.reconciler.laws import STOP
from tests.reconciler.memory import MemoryOrigin
from tests.reconciler.quick import QuickWorld
from tests.reconciler.shelf import MemoryQueueRows
from tests.reconciler.test_kills import EFFECTS, Killed

DAY = 86400.0
MONTH = 30 * DAY
STEP = 60.0
SWEEP = 300.0
PATIENCE = 3600.0
"""So long people let a proposal, a stop or a firing alert stand before they see to it."""
ADA = "Ada Byron <ada@shop.example>"


class Fragile:
    """Any port of Rollbot's: after each of its effects Rollbot may die. `stored`: it goes away with the database."""

    def __init__(self, port: Any, world: MonthWorld, stored: bool = False) -> None:
        self._port, self._world, self._stored = port, world, stored

    def __getattr__(self, name: str) -> Any:
        if self._stored and self._world.store_down:
            raise Unavailable("the database does not answer")
        found = getattr(self._port, name)
        return found if name not in EFFECTS else lambda *words, **named: self._world.survived(found(*words, **named))


class Post:
    """A messenger that keeps what it took. `down`: nobody answers there."""

    def __init__(self) -> None:
        self.took: list[str] = []
        self.down = False

    def deliver(self, notice: Notice) -> None:
        self.renew(())
        self.took.append(notice.key)

    def renew(self, pages: Sequence[Notice]) -> None:
        if self.down:
            raise Unavailable("nobody answers")

    def check(self) -> str:
        return "answers"


class MonthWorld(QuickWorld):
    """Time in leaps: where nothing changes, the next thing that is due is looked for."""

    pace = STEP
    """Seconds from look to look while anything happens."""

    def __init__(self, told: Story, folder: Path, origin: Origin | None = None, on_disk: bool = True) -> None:
        super().__init__(told, folder, origin, on_disk)
        self.post = Post()
        self.whole, self.alive, self.store_down = replace(self._ports, messengers={"post": self.post}), True, False
        self.dies_after = self.loses_store_after = 0
        self.deaths, self.swept = 0, self.clock.now()
        self.past_stop: list[str] = []
        """Refs that were made or moved while stop was pressed."""
        self.letters: list[tuple[str, bytes, str]] = []
        """What was sent while nobody answered: every sender tries again."""
        self.later: list[tuple[Instant, Callable[[], object]]] = []
        self.since: dict[str, Instant] = {}
        self.start()

    def start(self) -> None:
        """Start Rollbot: it knows what it stored, and nothing else."""
        names = ("repository", "forge", "notifier", "store", "queue", "conversation")
        fragile: dict[str, Any] = {name: Fragile(getattr(self.whole, name), self, name in ("store", "queue")) for name in names}
        messengers: Any = {name: Fragile(each, self) for name, each in self.whole.messengers.items()}
        self._ports = replace(self.whole, **fragile, messengers=messengers)
        self._ports.fetched.clear()
        self._ports.seen.clear()
        rows: Any = Fragile(self.rows, self, stored=True)
        self._runner = LocalRunner(rows, self.clock, self._work, workers=0)

    def survived(self, answer: Any) -> Any:
        if self.dies_after > 0:
            self.dies_after -= 1
            if self.dies_after == 0:
                raise Killed
        if self.loses_store_after > 0:
            self.loses_store_after -= 1
            if self.loses_store_after == 0:
                self.lose_store(PATIENCE)
        return answer

    def lose_store(self, span: float) -> None:
        self.away(span, lambda: setattr(self, "store_down", True), lambda: setattr(self, "store_down", False))

    def away(self, span: float, begin: Callable[[], object], finish: Callable[[], object]) -> None:
        """Something is out of order for a while."""
        begin()
        self.later.append((self.clock.now() + span, finish))

    def hear(self, payload: bytes) -> None:
        self.letters.append(("alertmanager", payload, ""))

    def brought(self, said: Comment, action: str = "created") -> None:
        self.letters.append(("github:issue_comment", payload(said, action), f"{said.number}-{action}"))

    # Time

    def pass_time(self, seconds: float) -> None:
        end = self.clock.now() + seconds
        while self.clock.now() < end:
            self.clock.advance(min(self._next(), end) - self.clock.now())
            self.step()

    def step(self) -> None:
        now = self.clock.now()
        due = [finish for at, finish in self.later if at <= now]
        self.later = [(at, finish) for at, finish in self.later if at > now]
        for finish in due:
            finish()
        World.step(self)
        self._people()
        if self.alive:
            before = self.stopped()
            self.rollbot()
            if before is not None and isinstance(self.origin, MemoryOrigin):
                self.past_stop += [name for name, sha in self.origin.refs.items() if before.get(name) != sha]

    def stopped(self) -> dict[str, Sha] | None:
        """Where everything stands, if anything stops Rollbot at this moment."""
        if not isinstance(self.origin, MemoryOrigin) or (head := self.origin.head()) is None:
            return None
        return dict(self.origin.refs) if STOP in self.origin.commits[head].tree or self.talk.labels else None

    def incidents(self) -> Sequence[Incident]:
        return tuple(reversed(self.whole.store.incidents(self.repository.name)))

    def record(self, incident: str | None = None) -> Sequence[Entry]:
        newest = self.incident()
        key = newest.id if incident is None and newest else incident
        return () if key is None else self.whole.store.entries(key)

    def rollbot(self) -> None:
        """Everything that Rollbot does now; where it dies, it is started again."""
        try:
            while self.letters:
                receive(self.letters[0][0], self.letters[0][1], self._ports, self.letters[0][2])
                del self.letters[0]
            if self.clock.now() - self.swept >= SWEEP:
                self.swept = self.clock.now()
                sweep(self._ports)
            while self._runner.run_one():
                pass
        except Unavailable:
            pass  # the database is away: what was sent is sent again, what is due is due when it is back
        except Killed:
            self.deaths += 1
            self.start()
            with suppress(Unavailable):
                sweep(self._ports)

    def _next(self) -> Instant:
        """The next moment at which anything can be otherwise than now."""
        now = self.clock.now()
        changes = [rollout.serving for rollout in self.cluster.rollouts[-3:]]
        changes += [moment for outage in self.traffic.outages[-20:] for moment in (outage.start, outage.end)]
        rules = self.story.alerts
        settled = (
            max(at for at in changes if at <= now) + max(rule.window + rule.hold for rule in rules) + self.metrics.manners.wait + self.pace
        )
        synced = self.origin.head() == self.cluster.rollouts[-1].revision or self.cluster.stuck
        if now < settled or not synced or (self.letters and self.alive):
            return now + self.pace
        moments = [at for at in changes if at > now] + [at for at, _ in self.later]
        moments += [automation.last + automation.every for automation in self.automations]
        moments += [i.sent + self.metrics.manners.repeat for i in self.metrics.instances if i.sent is not None]
        moments += [since + PATIENCE for since in self.since.values()]
        if self.alive:
            moments += self._queued()
        return max(now + self.pace, min(moments, default=now + DAY))

    def _queued(self) -> list[Instant]:
        if isinstance(self.rows, MemoryQueueRows):
            return self.rows.moments()
        with self.database.reading() as connection:
            rows = connection.execute(queue.select()).all()
        return [at for row in rows for at in (row.leased or row.due,) if at is not None]

    # What people see to when it has stood for an hour

    def _people(self) -> None:
        head = self.origin.head()
        assert head and isinstance(self.origin, MemoryOrigin)
        standing = {branch: branch for branch in self.proposals()}
        standing |= {f"alert {i.service.name}": i.service.name for i in self.metrics.instances if i.fired is not None}
        if STOP in self.origin.commits[head].tree:
            standing[STOP] = STOP
        if self.talk.labels:
            standing["label"] = "label"
        self.since = {key: self.since.get(key, self.clock.now()) for key in standing}
        for key in [key for key, since in self.since.items() if self.clock.now() - since >= PATIENCE]:
            del self.since[key]
            self._see_to(key, standing[key])

    def _see_to(self, key: str, what: str) -> None:
        if key == STOP:
            self.tell("Go on", {STOP: None})
        elif key == "label":
            self.talk.labels.clear()
        elif key.startswith("alert "):
            self.fix(what)
        else:
            try:
                self.merge(what)
            except Refused:
                self.origin.delete(what)

    def tell(self, message: str, files: dict[str, str | None]) -> Sha:
        return self.push(ToldCommit(self.clock.now(), ADA, f"{message}\n", files))

    def fix(self, service: str) -> None:
        """A person fixes forward: the outage ends, or a new version comes that works, with what else was wrong put right."""
        told = self.story.service(service, "prod")
        head = self.origin.head()
        assert head
        text = (self.origin.read([(head, told.path)])[0] or b"").decode()
        for line in told.bad_lines:
            text = text.replace(line, line.replace("=1\n", "=41\n"))
        found = told.pattern.search(text)
        assert found
        self.tell(f"Mend {service}", {told.path: text[: found.start(1)] + self.fresh() + text[found.end(1) :]})

    def fresh(self) -> str:
        """A version that nothing had before."""
        return f"9.{len(self.events)}.{int(self.clock.now()) % 100000}"

    def proposals(self) -> list[str]:
        pulls = [self.pulls.pull(branch) for branch in self.origin.branches() if branch.startswith("rollbot/")]
        return [pull.branch for pull in pulls if pull and pull.state == "open"]


@lru_cache(1)
def _shop() -> Any:
    return yaml.safe_load(story.SHOP.read_text())


def a_story(trust: str, undo_alone: bool, countdown: bool = False, quarantine: str = "30d") -> Story:
    raw = copy.deepcopy(_shop())
    raw["services"]["checkout/prod"]["bad_lines"] = {"POOL_SIZE=1\n": 0.5}
    raw["services"]["catalogue/prod"]["bad_lines"] = {"CACHE_TTL=1\n": 0.4}
    policy: dict[str, Any] = {"trust": {"prod": trust}, "undo_alone": undo_alone, "cooldown": "1h", "quarantine": quarantine}
    policy |= {"countdown": {"environments": ["prod"], "lasts": "10m"}} if countdown else {}
    config = {"policy": policy, "outcomes": {"soak": "5m"}}
    raw["history"][0]["files"][".rollbot.yaml"] = yaml.safe_dump(config)
    return story.read(raw)
