"""Whatever is asked of the store in memory, in whatever order: it answers as SQLite does."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from bot.adapters.store.due import SqlQueueRows
from bot.adapters.store.pulls import SqlPullRows
from bot.adapters.store.schema import Database
from bot.adapters.store.sql import SqlStore
from bot.changes.change import PullRequest
from bot.errors import Stale
from bot.incidents.incident import Incident
from bot.incidents.lifecycle import End, State
from bot.ports import Delivery, Notice
from bot.records.entry import FIRST, Note, Stage, append
from bot.refs import ServiceRef, Sha
from tests.reconciler.shelf import MemoryPullRows, MemoryQueueRows, MemoryStore

NAMES, HOUSES, TIMES = st.sampled_from("abc"), st.sampled_from("rs"), st.sampled_from((1.0, 2.0, 5.0, 9.0))
TWO = st.sampled_from("ab")
SKIPS = st.sampled_from((0, 0, 0, -1))


class Both(RuleBasedStateMachine):
    """Each question is put to both, and both answers are the same."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(dir="/dev/shm" if Path("/dev/shm").is_dir() else None))
        self.database = Database(f"sqlite:///{self.folder / 'rollbot.db'}")
        self.both = self.made()

    def made(self) -> tuple[Any, Any]:
        return SqlStore(self.database), MemoryStore()

    def teardown(self) -> None:
        self.database.close()
        shutil.rmtree(self.folder)

    def same(self, ask: Callable[[Any], Any]) -> None:
        sql, memory = (_answer(ask, one) for one in self.both)
        assert sql == memory


class Inboxes(Both):
    @rule(key=NAMES, repository=HOUSES, received=st.sampled_from((1.0, 5.0)))
    def receive(self, key: str, repository: str, received: float) -> None:
        self.same(lambda store: store.receive(Delivery(key, "alertmanager", repository, b"{}", received)))

    @rule(keys=st.lists(TWO, max_size=2))
    def handle(self, keys: list[str]) -> None:
        self.same(lambda store: store.handled(*keys))

    @rule(bodies=TIMES, keys=TIMES)
    def prune(self, bodies: float, keys: float) -> None:
        self.same(lambda store: store.prune(bodies, keys))

    @rule(repository=st.just("r"), limit=st.sampled_from((None, 1)), after=st.none() | TIMES)
    def read(self, repository: str, limit: int | None, after: float | None) -> None:
        last = None if after is None else Delivery("b", "alertmanager", repository, b"{}", after)
        self.same(lambda store: (store.waiting(repository), store.inbox(repository), store.inbox(repository, limit, last)))

    @rule(name=TWO, value=st.binary(max_size=2), urgent=st.booleans())
    def keep(self, name: str, value: bytes, urgent: bool) -> None:
        self.same(lambda store: store.keep(name, value))
        self.same(lambda store: (store.told(Notice(name, value.hex(), "", urgent)), [store.kept(key) for key in "abc"]))
        self.same(lambda store: store.notices())


class Incidents(Both):
    @rule(name=NAMES, house=HOUSES, service=NAMES, early=st.sampled_from((0, 0, 0, 1)), opened=TIMES, ended=st.booleans(), skips=SKIPS)
    def save(self, name: str, house: str, service: str, early: int, opened: float, ended: bool, skips: int) -> None:
        known = self.both[0].incident(name)
        state, end = (State.ENDED, End.RECOVERED) if ended else (State.OPENED, None)
        rev = max(0, known.rev - early) if known else early
        incident = Incident(name, ServiceRef(house, "prod", service), opened, state, end=end, rev=rev)
        entries = append(name, rev + skips, FIRST, opened, [Note(Stage.SIGNAL, "seen")])
        self.same(lambda store: store.save(incident, entries))
        self.same(lambda store: [(store.entries(key), store.last_entry(key)) for key in (name, "")])

    @rule(name=NAMES, seq=st.integers(0, 2))
    def note(self, name: str, seq: int) -> None:
        self.same(lambda store: store.append(append("", seq, FIRST, 1.0, [Note(Stage.SIGNAL, "seen", (), {"key": name})])))
        self.same(lambda store: (store.noted(name), store.noted("z")))

    @rule(name=NAMES, house=HOUSES, service=NAMES, open_only=st.booleans())
    def read(self, name: str, house: str, service: str, open_only: bool) -> None:
        place = ServiceRef(house, "prod", service)
        self.same(lambda store: (store.incident(name), store.open_incident(place)))
        self.same(lambda store: (store.incidents(house, open_only=open_only), store.incidents(), store.incidents(None, place)))


class Pulls(Both):
    def made(self) -> tuple[Any, Any]:
        return SqlPullRows(self.database, "r"), MemoryPullRows()

    @rule(branch=NAMES, number=st.integers(0, 2), state=st.sampled_from(("open", "closed")), words=NAMES)
    def save(self, branch: str, number: int, state: Any, words: str) -> None:
        self.same(lambda rows: rows.save_pull(PullRequest(number, branch, "main", Sha("a" * 40), state)))
        self.same(lambda rows: rows.save_comment(number, words, branch))
        self.same(lambda rows: ([rows.pull(each) for each in "abc"], list(rows.comments(number).items())))


class Queues(Both):
    def made(self) -> tuple[Any, Any]:
        return SqlQueueRows(self.database), MemoryQueueRows()

    @rule(key=TWO, due=TIMES, lock=st.sampled_from(("", "x", "x")))
    def put(self, key: str, due: float, lock: str) -> None:
        self.same(lambda rows: rows.put(key, due, lock))

    @rule(now=TIMES, span=st.sampled_from((1.0, 3.0)), holder=st.sampled_from("vw"))
    def take(self, now: float, span: float, holder: str) -> None:
        self.same(lambda rows: rows.take(now, now + span, holder))

    @rule(key=TWO, again=st.none() | TIMES, holder=st.sampled_from("vw"))
    def give_back(self, key: str, again: float | None, holder: str) -> None:
        self.same(lambda rows: rows.done(key, again, holder))

    @rule(key=TWO, holder=st.sampled_from("vw"), until=TIMES)
    def renew(self, key: str, holder: str, until: float) -> None:
        self.same(lambda rows: rows.renew(holder, (key,), until))

    @rule(holder=st.sampled_from("vw"))
    def leave(self, holder: str) -> None:
        self.same(lambda rows: rows.release(holder))

    def teardown(self) -> None:
        for holder in "vw":
            self.both[0].release(holder)
        super().teardown()


def _answer(ask: Callable[[Any], Any], one: Any) -> Any:
    try:
        return ask(one)
    except Stale:
        return "stale"


@pytest.mark.parametrize("machine", [Inboxes, Incidents, Pulls, Queues])
def test_memory_answers_as_sqlite_does(machine: type[Both]) -> None:
    told = settings(
        max_examples=25,
        stateful_step_count=30,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
    run_state_machine_as_test(machine, settings=told)


def test_what_is_saved_is_a_value_of_its_own() -> None:
    store, incident = MemoryStore(), Incident("a", ServiceRef("r", "prod", "s"), 1.0)

    saved = store.save(incident)

    assert (saved, store.incident("a")) == (replace(incident, rev=1), saved)
