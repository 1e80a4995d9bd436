"""Keys of one lock are worked on one at a time, in whatever process; what a dead process held goes on elsewhere. On both databases."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from threading import Barrier, Thread

import pytest

from bot.adapters.store.due import SqlQueueRows
from bot.adapters.store.schema import Database

HOLDS = """
import sys, threading
from bot.adapters.store.due import SqlQueueRows
from bot.adapters.store.schema import Database
rows = SqlQueueRows(Database(sys.argv[1]))
rows.renew("other", (), 0.0)
print(rows.take(1.0, 1000.0, "other"), flush=True)
threading.Event().wait()
"""
"""A process that takes a key and works on it until it is killed."""


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = Database(database_url)
    yield opened
    opened.close()


@pytest.fixture
def rows(database: Database) -> SqlQueueRows:
    return SqlQueueRows(database)


def test_one_key_of_a_lock_is_held_at_a_time(rows: SqlQueueRows) -> None:
    rows.put("a1", 1.0, "a")
    rows.put("a2", 2.0, "a")
    rows.put("b1", 3.0, "b")

    taken = [rows.take(10.0, 20.0, "one"), rows.take(10.0, 20.0, "two"), rows.take(10.0, 20.0, "two")]
    rows.done("a1", None, "one")

    assert taken == ["a1", "b1", None]
    assert rows.take(10.0, 20.0, "two") == "a2"


def test_a_lease_that_is_renewed_is_not_taken_over(rows: SqlQueueRows) -> None:
    rows.put("kept", 1.0)
    rows.put("lost", 2.0)
    for _ in range(2):
        rows.take(10.0, 20.0, "one")

    rows.renew("one", ("kept",), 30.0)

    assert [rows.take(25.0, 35.0, "two"), rows.take(25.0, 35.0, "two")] == ["lost", None]
    rows.release("one")


def test_whose_key_was_taken_over_gives_nothing_back(rows: SqlQueueRows) -> None:
    rows.put("k", 1.0)
    rows.take(1.0, 10.0, "slow")
    assert rows.take(11.0, 21.0, "quick") == "k"

    rows.done("k", 12.0, "slow")

    assert rows.take(12.0, 22.0, "third") is None
    rows.done("k", None, "quick")
    assert rows.take(99.0, 109.0, "third") is None


def test_what_is_put_while_it_is_worked_on_is_worked_on_again(rows: SqlQueueRows) -> None:
    rows.put("k", 1.0, "a")
    rows.take(1.0, 10.0, "one")
    rows.put("k", 2.0, "a")

    rows.done("k", None, "one")

    assert rows.take(2.0, 12.0, "one") == "k"


def test_a_lease_of_a_clock_that_jumped_back_holds_nothing(rows: SqlQueueRows) -> None:
    rows.put("k", 1.0, "a")
    rows.take(7200.0, 7220.0, "one")

    assert rows.take(3600.0, 3620.0, "two") == "k"


def test_what_a_killed_process_held_is_free_at_once(rows: SqlQueueRows, database_url: str) -> None:
    rows.put("k", 0.0, "a")
    with subprocess.Popen([sys.executable, "-c", HOLDS, database_url], stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        taken = other.stdout.readline().strip()
        alive = rows.bury()
        other.kill()
        other.wait(10)

    gone: list[str] = []
    for _ in range(1000):  # the server may need a moment to see the connection end
        gone += rows.bury()
        if gone:
            break

    assert (taken, alive, gone) == ("k", (), ["other"])
    assert rows.take(2.0, 12.0, "here") == "k"


def test_many_that_take_at_once_never_hold_one_lock_together(rows: SqlQueueRows) -> None:
    held: dict[str, str] = {}
    together, done, start = list[str](), list[str](), Barrier(4)
    for number in range(24):
        rows.put(f"k{number}", 1.0, f"lock{number % 3}")

    def work(holder: str) -> None:
        start.wait()
        for _ in range(2000):
            if len(done) == 24:
                return
            if (key := rows.take(10.0, 1000.0, holder)) is None:
                continue
            lock = f"lock{int(key[1:]) % 3}"
            if lock in held:
                together.append(key)
            held[lock] = key
            sum(range(20_000))
            del held[lock]
            done.append(key)
            rows.done(key, None, holder)

    threads = [Thread(target=work, args=(f"w{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (together, len(done)) == ([], 24)
