"""A month of virtual time in the shop: releases good and bad, outages, kills, people; and what must never happen in it.

Hypothesis chooses what happens and in which order; a law that is broken is told with the shortest month that breaks it.
"""

from __future__ import annotations

import copy
import logging
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from bot.adapters.queues.local import LocalRunner
from bot.adapters.store.schema import queue
from bot.errors import BadConfig, Refused
from bot.incidents.incident import Incident
from bot.reconciler.intake import receive
from bot.reconciler.sweep import sweep
from bot.records.entry import broken
from bot.records.trailers import trailers
from bot.refs import Instant, Sha
from bot.world import story
from bot.world.origin import Origin
from bot.world.story import Story, ToldCommit
from bot.world.talk import Comment, payload
from bot.world.world import World
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
STOP = ".rollbot/stop"
ADA = "Ada Byron <ada@shop.example>"
SERVICES = ("checkout", "catalogue", "frontend", "payments", "search")
SPANS = st.sampled_from((0.0, 300.0, 2400.0, 3 * 3600.0, DAY, 2 * DAY))
OUTAGES = st.sampled_from((120.0, 1200.0, 3600.0))
TRUST = ("merge", "push", "propose")


class Fragile:
    """Any port of Rollbot's: after each of its effects Rollbot may die."""

    def __init__(self, port: Any, world: MonthWorld) -> None:
        self._port, self._world = port, world

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._port, name)
        return found if name not in EFFECTS else lambda *words, **named: self._world.survived(found(*words, **named))


class MonthWorld(QuickWorld):
    """Time in leaps: where nothing changes, the next thing that is due is looked for."""

    pace = STEP
    """Seconds from look to look while anything happens."""

    def __init__(self, told: Story, folder: Path, origin: Origin | None = None, on_disk: bool = True) -> None:
        super().__init__(told, folder, origin, on_disk)
        self.whole, self.alive, self.dies_after = self._ports, True, 0
        self.deaths, self.swept = 0, self.clock.now()
        self.letters: list[tuple[str, bytes, str]] = []
        """What was sent while nobody answered: every sender tries again."""
        self.later: list[tuple[Instant, Callable[[], object]]] = []
        self.since: dict[str, Instant] = {}
        self.start()

    def start(self) -> None:
        """Start Rollbot: it knows what it stored, and nothing else."""
        names = ("repository", "forge", "notifier", "store", "queue", "conversation")
        fragile: dict[str, Any] = {name: Fragile(getattr(self.whole, name), self) for name in names}
        self._ports = replace(self.whole, **fragile)
        self._ports.fetched.clear()
        self._ports.seen.clear()
        rows: Any = Fragile(self.rows, self)
        self._runner = LocalRunner(rows, self.clock, self._work, workers=0)

    def survived(self, answer: Any) -> Any:
        if self.dies_after > 0:
            self.dies_after -= 1
            if self.dies_after == 0:
                raise Killed
        return answer

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
            self.rollbot()

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
        except Killed:
            self.deaths += 1
            self.start()
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
        self.since = {key: self.since.get(key, self.clock.now()) for key in standing}
        for key in [key for key, since in self.since.items() if self.clock.now() - since >= PATIENCE]:
            del self.since[key]
            self._see_to(key, standing[key])

    def _see_to(self, key: str, what: str) -> None:
        if key == STOP:
            self.tell("Go on", {STOP: None})
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


def a_story(trust: str, undo_alone: bool) -> Story:
    raw = copy.deepcopy(_shop())
    raw["services"]["checkout/prod"]["bad_lines"] = {"POOL_SIZE=1\n": 0.5}
    raw["services"]["catalogue/prod"]["bad_lines"] = {"CACHE_TTL=1\n": 0.4}
    config = {"policy": {"trust": {"prod": trust}, "undo_alone": undo_alone, "cooldown": "1h"}, "outcomes": {"soak": "5m"}}
    raw["history"][0]["files"][".rollbot.yaml"] = yaml.safe_dump(config)
    return story.read(raw)


@dataclass(frozen=True)
class Ours:
    """A commit of Rollbot's, on a branch or merged. `incident` None: of a pull request that lifts something."""

    sha: Sha
    base: Sha
    said: dict[str, tuple[str, ...]]
    incident: Incident | None

    @property
    def undoes(self) -> str | None:
        return self.said.get("Rollback-Undo", (None,))[0]

    def releases(self) -> Iterator[tuple[str, str]]:
        yield from zip(self.said.get("Rollback-Service", ()), self.said.get("Rollback-Release", ()), strict=False)


class Month(RuleBasedStateMachine):
    """What may happen, and the laws."""

    def __init__(self) -> None:
        super().__init__()
        shelf = "/dev/shm" if Path("/dev/shm").is_dir() else None
        self.folder = Path(tempfile.mkdtemp(dir=shelf))
        self.world: MonthWorld | None = None
        self.asked: set[str] = set()
        """Services for which a person gave a word that lets Rollbot do more than it may alone."""
        self.errors = _Errors()
        logging.getLogger("rollbot").addHandler(self.errors)

    @initialize(trust=st.sampled_from(TRUST), undo_alone=st.booleans(), on_disk=st.sampled_from((*[False] * 15, True)))
    def begin(self, trust: str, undo_alone: bool, on_disk: bool) -> None:
        self.world = MonthWorld(a_story(trust, undo_alone), self.folder, on_disk=on_disk)
        self.started = self.world.clock.now()

    # Releases

    @rule(service=st.sampled_from(SERVICES), share=st.sampled_from((0.0, 0.0, 0.03, 0.2, 0.6, 1.0)), wait=SPANS)
    def release(self, service: str, share: float, wait: float) -> None:
        version = self.living.fresh()
        if share:
            bad: Any = self.living.story.service(service, "prod").bad
            bad[version] = share
        self.living.release(service, version)
        self.passes(wait)

    @rule(service=st.sampled_from(("checkout", "catalogue")), wait=SPANS)
    def configure_badly(self, service: str, wait: float) -> None:
        name, value = {"checkout": ("POOL_SIZE", "1"), "catalogue": ("CACHE_TTL", "1")}[service]
        self._rewrite(service, lambda text: _set(text, f"- {name}=", value), f"Tune {service}")
        self.passes(wait)

    @rule(wait=SPANS, count=st.sampled_from(("2", "6")))
    def release_with_replicas(self, wait: float, count: str) -> None:
        """A bad version that came with another capacity: going back must not take it along by itself."""
        version, told = self.living.fresh(), self.living.story.service("checkout", "prod")
        bad: Any = told.bad
        bad[version] = 0.5
        self._rewrite("checkout", lambda text: _set(_set(text, "count: ", count), "newTag: ", f'"{version}"', "  #"), "Scale checkout")
        self.passes(wait)

    @rule(wait=SPANS)
    def release_with_an_object(self, wait: float) -> None:
        """A bad version that came with an object of its own: going back must not delete it by itself."""
        version, told = self.living.fresh(), self.living.story.service("payments", "prod")
        bad: Any = told.bad
        bad[version] = 0.5
        claim = "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata:\n  name: payments-%s\nspec:\n  volumeName: a\n"
        head = self.living.origin.head()
        assert head
        text = (self.living.origin.read([(head, told.path)])[0] or b"").decode()
        found = told.pattern.search(text)
        assert found
        files: dict[str, str | None] = {told.path: text[: found.start(1)] + version + text[found.end(1) :]}
        files[f"clusters/prod/payments-claim-{version}.yaml"] = claim % version.replace(".", "-")
        self.living.tell("Keep the journal of payments", files)
        self.passes(wait)

    # Trouble

    @rule(service=st.sampled_from(SERVICES), share=st.sampled_from((0.1, 0.9)), lasts=OUTAGES, wait=SPANS)
    def fail_outside(self, service: str, share: float, lasts: float, wait: float) -> None:
        self.living.break_outside(service, share, lasts)
        self.passes(wait)

    @rule(lasts=OUTAGES, wait=SPANS)
    def fail_everywhere(self, lasts: float, wait: float) -> None:
        for service in SERVICES:
            self.living.break_outside(service, 0.5, lasts)
        self.passes(wait)

    @rule(what=st.sampled_from(("forge", "metrics", "git", "cluster", "talk", "rollbot")), lasts=OUTAGES, wait=SPANS)
    def lose(self, what: str, lasts: float, wait: float) -> None:
        world = self.living
        place: Any = {"forge": world.forge, "metrics": world.metrics, "git": world.repository, "talk": world.talk}.get(what, world.cluster)
        name = {"cluster": "stuck", "rollbot": "alive"}.get(what, "down")
        place = world if what == "rollbot" else place
        bad = what != "rollbot"
        world.away(lasts, lambda: setattr(place, name, bad), lambda: setattr(place, name, not bad))
        self.passes(wait)

    @rule(effects=st.integers(1, 60), wait=SPANS)
    def kill(self, effects: int, wait: float) -> None:
        self.living.dies_after = effects
        self.passes(wait)

    @rule(hours=st.sampled_from((1, 30)))
    def sleep(self, hours: int) -> None:
        """The machine was suspended: it wakes up and the clock is hours on."""
        self.living.clock.advance(hours * 3600.0)
        self.passes(STEP)

    # People

    @rule(
        service=st.sampled_from(SERVICES), words=st.sampled_from(("", "undo", "approve", "cancel", "hold 30m", "resume", "status", "why"))
    )
    def say(self, service: str, words: str) -> None:
        if words in ("", "undo", "approve"):
            self.asked.add(service)
        self.living.talk.open_issue("It hangs")
        self.living.say(9000, " ".join(("/rollback", words, service, "in prod")))
        self.passes(600.0)

    @rule(service=st.sampled_from(SERVICES))
    def allow(self, service: str) -> None:
        origin = self.living.origin
        assert isinstance(origin, MemoryOrigin)
        if said := [
            each.said for each in self.ours(origin) if service in each.said.get("Rollback-Service", ()) and "Rollback-From" in each.said
        ]:
            version = said[-1]["Rollback-From"][0]
            self.asked.add(service)
            self.living.talk.open_issue("It is well")
            self.living.say(9000, f"/rollback allow {version} {service} in prod")
        self.passes(600.0)

    @rule(wait=SPANS)
    def press_stop(self, wait: float) -> None:
        self.living.tell("Stop", {STOP: "wait\n"})
        self.passes(wait)

    @precondition(lambda self: self.living.proposals())
    @rule(merges=st.booleans(), wait=SPANS)
    def see_to_a_proposal(self, merges: bool, wait: float) -> None:
        self.living._see_to("", self.living.proposals()[0]) if merges else self.living.origin.delete(self.living.proposals()[0])
        self.passes(wait)

    @rule(service=st.sampled_from(SERVICES), wait=SPANS)
    def fix(self, service: str, wait: float) -> None:
        self.living.fix(service)
        self.passes(wait)

    # The laws

    def teardown(self) -> None:
        try:
            if self.world is not None:
                self.living.pass_time(max(DAY, self.started + MONTH - self.living.clock.now()))
                self.laws()
                assert not self.living.letters and not self.living.whole.store.inbox(self.living.repository.name), "a signal is left over"
        finally:
            logging.getLogger("rollbot").removeHandler(self.errors)
            if self.world is not None:
                self.world.close()
            shutil.rmtree(self.folder)

    def passes(self, span: float) -> None:
        left = self.started + MONTH - self.living.clock.now()
        self.living.pass_time(max(STEP, min(span, left)))
        self.laws()

    def laws(self) -> None:
        """Laws 3, 4, 6 and 7 of the design, on what stands in Git and in the record."""
        origin = self.living.origin
        assert isinstance(origin, MemoryOrigin)
        assert not self.errors.said, self.errors.said[0]
        mine = list(self.ours(origin))
        merged = set(origin.every())
        self.law_3([each for each in mine if each.sha in merged])
        self.law_4(mine, origin)
        self.law_6([each for each in mine if each.sha in set(origin.line(origin.head()))], origin)
        for each in mine:
            assert STOP not in origin.commits[each.base].tree, f"law 7: {each.sha} was made on a base where stop is pressed"
        for incident in self.living.incidents():
            assert broken(self.living.record(incident.id), incident.last, incident.entries) is None

    def ours(self, origin: MemoryOrigin) -> Iterator[Ours]:
        incidents = {incident.id: incident for incident in self.living.incidents()}
        for sha, kept in origin.commits.items():
            if kept.author == "rollbot" and (said := trailers(kept.message)):
                yield Ours(sha, kept.parents[0], dict(said), incidents.get(said.get("Rollback-Incident", ("",))[0]))

    def law_3(self, merged: list[Ours]) -> None:
        """At most one rollback per service and bad release, and per incident's branch."""
        origin = self.living.origin
        assert isinstance(origin, MemoryOrigin)
        back = [each for each in merged if each.undoes is None and each.incident and not each.incident.asked]
        parts = [(pair, path) for each in back for pair in each.releases() for path in origin.touched(each.sha) if path[0] != "."]
        for ((service, release), path), times in Counter(parts).items():
            assert times == 1 or service in self.asked, f"law 3: {release} of {service} was rolled back {times} times in {path}"

    def law_4(self, mine: list[Ours], origin: MemoryOrigin) -> None:
        """A rollback is no suspect, and is undone at most once."""
        shas = {each.sha for each in mine}
        merges = {sha for sha, kept in origin.commits.items() if len(kept.parents) > 1 and kept.parents[1] in shas}
        for each in mine:
            assert not {release for _, release in each.releases()} & (shas | merges), f"law 4: {each.sha} rolls a rollback back"
        line = set(origin.every())
        undone = Counter(each.undoes for each in mine if each.undoes and each.sha in line)
        assert all(times == 1 for times in undone.values()), f"law 4: undone twice: {undone}"

    def law_6(self, alone: list[Ours], origin: MemoryOrigin) -> None:
        """What went without a person neither deletes nor lowers."""
        for each in alone:
            if each.incident is None or each.incident.asked or self.asked & {service for service, _ in each.releases()}:
                continue
            for change in origin.changes(each.sha):
                if not change.path.startswith(".rollbot/"):
                    assert change.after and change.before, f"law 6: {each.sha} adds or deletes {change.path}"
                    before, after = (origin.objects[blob].decode() for blob in (change.before, change.after))
                    assert _count(before) <= _count(after), f"law 6: {each.sha} lowers the capacity in {change.path}"

    @property
    def living(self) -> MonthWorld:
        assert self.world is not None
        return self.world

    def _rewrite(self, service: str, changed: Callable[[str], str], message: str) -> None:
        path, head = self.living.story.service(service, "prod").path, self.living.origin.head()
        assert head
        before = (self.living.origin.read([(head, path)])[0] or b"").decode()
        if changed(before) != before:
            self.living.tell(message, {path: changed(before)})


class _Errors(logging.Handler):
    """What a door logged as a defect."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(self.format(record))


def _count(text: str) -> int:
    found = re.search(r"count: (\d+)", text)
    return int(found[1]) if found else 0


def _set(text: str, start: str, value: str, until: str = "\n") -> str:
    """The text with what stands between `start` and `until` on its line replaced."""
    before, found, rest = text.partition(start)
    if not found:
        raise BadConfig(f"there is no {start!r}")
    end = min(place for place in (rest.find(until), rest.find("\n")) if place >= 0)
    return before + found + value + rest[end:]
