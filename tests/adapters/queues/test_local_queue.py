"""The local queue: what is due is worked on, serially for each lock; a failure comes back later."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Event, Lock

import pytest

from bot.adapters.queues import local
from bot.adapters.queues.local import LEASE, LocalQueue, LocalRunner
from bot.adapters.store.due import SqlQueueRows
from bot.adapters.store.schema import Database
from bot.errors import Unavailable
from bot.refs import Instant


class Told:
    """A clock that stands where it is told."""

    def __init__(self) -> None:
        self.at = 100.0

    def now(self) -> Instant:
        return self.at


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = Database(database_url)
    yield opened
    opened.close()


@pytest.fixture
def rows(database: Database) -> SqlQueueRows:
    return SqlQueueRows(database)


def test_a_key_is_due_again_when_its_work_says_so(rows: SqlQueueRows) -> None:
    clock, done = Told(), list[Instant]()
    answers = iter([160.0, None])

    def work(key: str) -> Instant | None:
        done.append(clock.now())
        return next(answers)

    runner = LocalRunner(rows, clock, work)
    LocalQueue(rows).enqueue("k", 90.0)

    ran = [runner.run_one(), runner.run_one()]
    clock.at = 160.0
    ran += [runner.run_one(), runner.run_one()]

    assert ran == [True, False, True, False]
    assert done == [100.0, 160.0]


def test_a_store_that_goes_away_in_mid_work_is_no_defect(rows: SqlQueueRows, caplog: pytest.LogCaptureFixture) -> None:
    clock, moods = Told(), iter([Unavailable("the database does not answer"), None])

    def work(key: str) -> Instant | None:
        if (mood := next(moods)) is not None:
            raise mood
        return None

    runner = LocalRunner(rows, clock, work)
    LocalQueue(rows).enqueue("k", 90.0)

    ran = [runner.run_one(), runner.run_one()]
    clock.at += 5.0
    ran += [runner.run_one(), runner.run_one()]

    assert ran == [True, False, True, False]
    assert [(record.levelname, record.exc_info) for record in caplog.records] == [("WARNING", None)]


def test_a_failure_is_tried_again_ever_later(rows: SqlQueueRows, caplog: pytest.LogCaptureFixture) -> None:
    clock = Told()

    def work(key: str) -> Instant | None:
        raise RuntimeError("broken")

    runner = LocalRunner(rows, clock, work)
    LocalQueue(rows).enqueue("k", 0.0)

    waits = []
    for _ in range(3):
        start = clock.at
        assert runner.run_one()
        while not rows.take(clock.at, clock.at, "w"):
            clock.at += 1.0
        waits.append(clock.at - start)

    assert waits == [5.0, 10.0, 20.0]
    assert "k failed" in caplog.text


def test_what_a_dead_worker_held_is_worked_on_after_its_lease(rows: SqlQueueRows) -> None:
    clock, done = Told(), list[str]()
    LocalQueue(rows).enqueue("k", 0.0)
    rows.take(clock.at, clock.at + LEASE, "gone")  # and the worker is gone

    runner = LocalRunner(rows, clock, done.append)
    early = runner.run_one()
    clock.at += LEASE

    assert (early, runner.run_one(), done) == (False, True, ["k"])


def test_what_stands_apart_neither_waits_for_its_repository_nor_holds_it_up(rows: SqlQueueRows) -> None:
    queue = LocalQueue(rows, lock="shop", apart=("notify:",))
    for due, key in enumerate(("notify:shop", "inbox:shop", "notify:shop2", "tend:shop")):
        queue.enqueue(key, float(due))

    taken = [rows.take(10.0, 20.0, "w") for _ in range(4)]

    assert taken == ["notify:shop", "inbox:shop", "notify:shop2", None]


def test_threads_never_work_on_one_lock_at_once(rows: SqlQueueRows) -> None:
    inside, together, left = Lock(), list[str](), Event()
    names = [f"shop:{number}" for number in range(12)]
    done: list[str] = []

    def work(key: str) -> None:
        if not inside.acquire(blocking=False):
            together.append(key)
        else:
            sum(range(200_000))  # long enough for another thread to come by
            inside.release()
        done.append(key)
        if len(done) == len(names):
            left.set()

    for name in names:
        LocalQueue(rows, lock="shop").enqueue(name, 0.0)
    runner = LocalRunner(rows, Told(), work, workers=3)
    runner.start()

    assert left.wait(20)
    runner.stop()
    assert (together, sorted(done), runner.alive) == ([], sorted(names), False)


def test_what_is_put_wakes_the_workers_at_once(rows: SqlQueueRows, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "IDLE", 60.0)
    bell, looked, done = Event(), Event(), Event()

    class Watched(SqlQueueRows):
        """Says when the workers have looked and found nothing."""

        def take(self, now: Instant, until: Instant, holder: str) -> str | None:
            key = super().take(now, until, holder)
            looked.set()
            return key

    runner = LocalRunner(Watched(database), Told(), lambda key: done.set(), workers=1, bell=bell)
    runner.start()
    assert looked.wait(10)

    LocalQueue(rows, bell).enqueue("k", 0.0)

    assert done.wait(10)
    runner.stop()
