"""What is saved comes back; what two save at once is told apart; what is whole stays whole."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from threading import Barrier, Thread
from types import SimpleNamespace
from typing import Any

import pytest

from bot.adapters.store.due import SqlQueueRows
from bot.adapters.store.pulls import SqlPullRows
from bot.adapters.store.schema import Database, meta
from bot.adapters.store.sql import SqlStore
from bot.changes.change import PullRequest
from bot.errors import BadConfig, Refused, Stale, Unavailable
from bot.incidents.incident import Action, Incident, Kind, Symptom
from bot.incidents.lifecycle import End, State
from bot.ports import Delivery, Notice
from bot.reconciler.saving import note_alone
from bot.records.entry import FIRST, Note, Stage, append, broken
from bot.refs import ServiceRef, Sha
from bot.signals.signal import Asked

SHOP = ServiceRef("git.example/shop", "prod", "checkout")


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = Database(database_url)
    yield opened
    opened.close()


@pytest.fixture
def store(database: Database) -> SqlStore:
    return SqlStore(database)


def an_incident(name: str = "one", service: ServiceRef = SHOP) -> Incident:
    symptom = Symptom("f1@10", "alertmanager", "Errors", {"service": "checkout"}, 10.0, acts=True)
    action = Action(Kind.ROLLBACK, Sha("a" * 40), evidence=("it was live",), merged=12.5)
    request = Asked("r1", "ada", 11.0, service="checkout", mode="merge")
    return Incident(name, service, 10.0, State.MERGED, (symptom,), request, (action,), due=13.0)


def test_an_incident_comes_back_as_it_was_saved(store: SqlStore) -> None:
    saved = store.save(an_incident())

    assert store.incident("one") == saved == replace(an_incident(), rev=1)


@pytest.mark.parametrize(
    ("lasting", "levels"), [pytest.param(True, (2, "on"), id="on the disk"), pytest.param(False, (1, "off"), id="in its order")]
)
def test_only_what_has_to_last_waits_for_the_disk(database: Database, lasting: bool, levels: tuple[int, str]) -> None:
    question = "SHOW synchronous_commit" if database.shared else "PRAGMA synchronous"
    for each in (not lasting, lasting):
        with database.writing(lasting=each) as connection:
            found = connection.exec_driver_sql(question).scalar()

    assert found in levels


def test_saving_over_somebody_elses_save_is_stale(store: SqlStore) -> None:
    first = store.save(an_incident())
    store.save(replace(first, why="theirs"))

    with pytest.raises(Stale):
        store.save(replace(first, why="ours"))

    found = store.incident("one")
    assert found is not None and found.why == "theirs"


def test_a_service_has_one_open_incident(store: SqlStore) -> None:
    first = store.save(an_incident())

    with pytest.raises(Stale):
        store.save(an_incident("two"))
    store.save(replace(first, end=End.RECOVERED, state=State.ENDED))
    store.save(an_incident("two"))

    open_now = store.open_incident(SHOP)
    assert open_now is not None and open_now.id == "two"
    assert {incident.id for incident in store.incidents(SHOP.repository)} == {"one", "two"}


def test_another_cluster_or_repository_is_another_service(store: SqlStore) -> None:
    for name, service in {"a": SHOP, "b": replace(SHOP, cluster="eu1"), "c": replace(SHOP, repository="other")}.items():
        store.save(an_incident(name, service))

    assert [incident.id for incident in store.incidents(service=SHOP, open_only=True)] == ["a"]


def test_entries_and_incident_are_saved_together_or_not_at_all(store: SqlStore) -> None:
    entries = append("one", 0, FIRST, 10.0, [Note(Stage.SIGNAL, "opened", ("why",), {"n": (1, 2)})])
    saved = store.save(replace(an_incident(), entries=1, last=entries[-1].hash), entries)

    with pytest.raises(Stale):
        store.save(replace(saved, why="again"), entries)

    found = store.incident("one")
    assert found is not None and found.why == ""
    assert tuple(store.entries("one")) == entries
    assert broken(store.entries("one"), found.last, found.entries) is None


def test_entries_of_no_incident_have_a_record_of_their_own(store: SqlStore) -> None:
    entries = append("", 0, FIRST, 10.0, [Note(Stage.SIGNAL, "whose is it?")])
    store.append(entries)

    with pytest.raises(Stale):
        store.append(entries)

    assert tuple(store.entries("")) == entries


def test_a_delivery_is_taken_once_and_crossed_off(store: SqlStore) -> None:
    delivery = Delivery("k", "alertmanager", "git.example/shop", b"\x00{}", 5.0)

    assert [store.receive(delivery), store.receive(delivery)] == [True, False]
    assert tuple(store.inbox("git.example/shop")) == (delivery,)
    assert tuple(store.inbox("another")) == ()
    store.handled("k")
    assert tuple(store.inbox("git.example/shop")) == ()
    assert store.receive(delivery) is False


def test_small_values_and_notices_are_remembered(store: SqlStore) -> None:
    store.keep("config", b"one")
    store.keep("config", b"two")
    notice = Notice("k", "title", "text", urgent=True)

    assert (store.kept("config"), store.kept("nothing")) == (b"two", None)
    assert [store.told(notice), store.told(notice)] == [True, False]
    assert tuple(store.notices()) == (notice,)


def test_a_new_notice_and_what_goes_out_are_kept_together_and_once(store: SqlStore) -> None:
    notice = Notice("k", "title", "text", urgent=True)

    assert [store.told(notice, (f"out%_\n{number}", b"x")) for number in (1, 2)] == [True, False]
    store.keep("outX_\n3", b"another's")

    assert store.kept_under("out%_\n") == {"out%_\n1": b"x"}
    store.forget("out%_\n1")
    store.forget("never there")
    assert store.kept_under("out%_\n") == {}


def test_pull_requests_are_numbered_by_repository(database: Database) -> None:
    ours, theirs = SqlPullRows(database, "ours"), SqlPullRows(database, "theirs")
    pull = PullRequest(0, "rollbot/x", "main", Sha("b" * 40), "open")

    numbers = [ours.save_pull(pull).number, ours.save_pull(replace(pull, state="closed")).number, theirs.save_pull(pull).number]
    ours.save_pull(replace(pull, number=2, state="merged", merge=Sha("c" * 40)))
    ours.save_comment(2, "k", "first")
    ours.save_comment(2, "other", "x")
    ours.save_comment(2, "k", "second")

    assert numbers == [1, 2, 1]
    assert ours.pull("rollbot/x") == replace(pull, number=2, state="merged", merge=Sha("c" * 40))
    assert dict(ours.comments(2)) == {"k": "second", "other": "x"}
    assert ours.pull("rollbot/none") is None


def test_a_key_is_leased_given_back_and_brought_forward(database: Database) -> None:
    rows = SqlQueueRows(database)
    rows.put("late", 50.0)
    rows.put("now", 10.0)
    rows.put("now", 30.0)

    assert rows.take(5.0, 15.0, "w") is None
    assert rows.take(10.0, 20.0, "w") == "now"
    assert rows.take(10.0, 20.0, "w") is None
    rows.put("now", 12.0)
    rows.done("now", 40.0, "w")
    assert rows.take(12.0, 22.0, "w") == "now"
    rows.done("now", None, "w")
    assert rows.take(49.0, 59.0, "w") is None
    rows.put("late", 45.0)
    assert rows.take(49.0, 59.0, "w") == "late"


def test_a_lease_that_ran_out_counts_as_due(database: Database) -> None:
    rows = SqlQueueRows(database)
    rows.put("k", 1.0)
    rows.take(1.0, 10.0, "w")

    assert [rows.take(9.0, 19.0, "w"), rows.take(10.0, 20.0, "w")] == [None, "k"]


def test_two_writers_wait_for_each_other(database: Database) -> None:
    rows, taken, start = SqlQueueRows(database), list[str](), Barrier(4)
    for number in range(20):
        rows.put(f"k{number}", 1.0)

    def drain() -> None:
        start.wait()
        while key := rows.take(1.0, 100.0, "w"):
            taken.append(key)

    threads = [Thread(target=drain) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(taken) == sorted(f"k{number}" for number in range(20))


def test_opening_again_keeps_everything_and_a_newer_schema_is_refused(database_url: str) -> None:
    for number in range(2):
        database = Database(database_url)
        SqlStore(database).keep(f"name{number}", b"v")
        database.close()
    database = Database(database_url)
    kept = [SqlStore(database).kept(f"name{number}") for number in range(2)]
    with database.writing() as connection:
        connection.execute(meta.update().where(meta.c.name == "schema").values(value="99"))
    database.close()

    assert kept == [b"v", b"v"]
    with pytest.raises(Refused, match="newer Rollbot"):
        Database(database_url)


@pytest.mark.parametrize(
    "url", [pytest.param("mysql://x/y", id="another database"), pytest.param("sqlite://", id="memory"), pytest.param("what?", id="no URL")]
)
def test_a_database_that_is_none_of_ours_is_bad_config(url: str) -> None:
    with pytest.raises(BadConfig):
        Database(url)


def test_a_file_that_is_no_database_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "rollbot.db").write_bytes(b"this is no database at all" * 100)

    with pytest.raises(Unavailable, match="database"):
        Database(f"sqlite:///{tmp_path}/rollbot.db")


def test_many_that_note_what_belongs_to_no_incident_make_one_record(database: Database) -> None:
    start = Barrier(3)

    def note(worker: int) -> None:
        ports: Any = SimpleNamespace(store=SqlStore(database), clock=SimpleNamespace(now=lambda: 1.0))
        start.wait()
        for number in range(10):
            note_alone(Note(Stage.SIGNAL, f"{worker} says {number}", (), {"key": f"{worker}:{number}"}), ports)

    threads = [Thread(target=note, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    entries = SqlStore(database).entries("")
    assert broken(entries, entries[-1].hash, 30) is None
    assert SqlStore(database).noted("2:9") and not SqlStore(database).noted("3:0")


@pytest.mark.parametrize("text", ["\x00", "a\x00b\x01\x010000", "\ud800 half a pair", "☃ \U0001f600", "\x01", ""])
def test_words_of_strangers_come_back_as_they_are(store: SqlStore, text: str) -> None:
    [entry] = append("", 0, FIRST, 10.0, [Note(Stage.SIGNAL, text, (text,), {"key": text})])
    service = replace(SHOP, name=f"s{text}")

    store.append([entry])
    store.save(replace(an_incident(text or "x", service), why=text))

    assert tuple(store.entries("")) == (entry,)
    assert store.noted(text)
    found = store.open_incident(service)
    assert found is not None and found.service == service


def test_old_deliveries_are_emptied_then_forgotten_and_what_waits_is_neither(store: SqlStore) -> None:
    ages = {"old": 1.0, "older": 0.0, "waiting": 0.0, "new": 9.0}
    for key, received in ages.items():
        store.receive(Delivery(key, "alertmanager", "shop", b"{}", received))
    store.handled("old", "older", "new")

    changed = [store.prune(bodies=5.0, keys=1.0) for _ in range(2)]

    assert changed == [2, 0]
    assert [one.body for one in store.inbox("shop")] == [b"{}"]
    again = {key: store.receive(Delivery(key, "alertmanager", "shop", b"{}", 10.0)) for key in ages}
    assert again == {"old": False, "older": True, "waiting": False, "new": False}
