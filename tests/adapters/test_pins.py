from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest

from bot.adapters import pins
from bot.adapters.pins import SqlitePinCache
from bot.errors import Unavailable
from bot.manifests.declared import Annotation
from bot.manifests.pin import Reading
from bot.manifests.read import read
from bot.objections import Objection, Weight
from bot.refs import Sha

PATH = "apps/caf\udce9/kustomization.yaml"
TEXT = b"images:\n- {name: a, newTag: '1.%d'}\n- name: b\n  newTag: v2@sha256:" + b"0" * 64 + b"\n"


def blob(number: int) -> Sha:
    return Sha(f"{number:040x}")


def readings(count: int) -> dict[tuple[str, Sha], Reading]:
    return {(PATH, blob(number + 1)): read(TEXT % number, PATH) for number in range(count)}


def test_what_is_put_is_got_by_the_next_process(tmp_path: Path):
    file = tmp_path / "deep" / "pins.sqlite"
    unread = Reading((), (Objection("unparsable", "not read", Weight.NOTE, PATH, 3),))
    declares = Reading((), (), (Annotation("requires", "payments >=2.3", 5, 1, "Deployment", "checkout"),))
    known = {**readings(5), (PATH, blob(9)): unread, ("empty.yaml", blob(9)): Reading(()), ("declares.yaml", blob(9)): declares}
    cache = SqlitePinCache(file)
    cache.put(known)
    cache.put_included({(PATH, blob(1)): ("base", "caf\udce9")})
    cache.close()

    again = SqlitePinCache(file)

    assert again.get([*known, (PATH, blob(77)), ("no", blob(1))]) == known
    assert (PATH, blob(1)) in again.get(known)
    assert (PATH, blob(77)) not in again.get([*known, (PATH, blob(77))])
    assert again.included([(PATH, blob(1)), (PATH, blob(2))]) == {(PATH, blob(1)): ("base", "caf\udce9")}
    again.close()


def test_each_set_of_rules_has_its_part(tmp_path: Path):
    cache = SqlitePinCache(tmp_path / "pins.sqlite")
    other = cache.under("other")
    other.put(readings(1))
    other.put_indexed("repo main", blob(5))

    assert cache.under("").get(readings(1)) == {}
    assert cache.under("other").get(readings(1)) == readings(1)
    assert (cache.indexed("repo main"), cache.under("other").indexed("repo main")) == (None, blob(5))
    cache.close()


def test_what_another_parser_read_is_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    cache = SqlitePinCache(tmp_path / "pins.sqlite")
    cache.put(readings(3))
    cache.put_indexed("repo main", blob(5))
    cache.close()
    monkeypatch.setattr(pins, "PARSER_VERSION", "another")

    later = SqlitePinCache(tmp_path / "pins.sqlite")

    assert later.get(readings(3)) == {}
    assert later.indexed("repo main") is None
    later.close()
    rows = sqlite3.connect(tmp_path / "pins.sqlite")
    assert rows.execute("SELECT count(*) FROM reading").fetchone() == (0,)
    rows.close()


def test_a_version_takes_a_few_dozen_bytes(tmp_path: Path):
    cache = SqlitePinCache(tmp_path / "pins.sqlite")
    cache.put(readings(5000))
    cache.close()

    assert (tmp_path / "pins.sqlite").stat().st_size < 5000 * 250


def test_several_threads_and_connections_share_a_file(tmp_path: Path):
    caches = [SqlitePinCache(tmp_path / "pins.sqlite") for _ in range(2)]
    failed: list[BaseException] = []

    def write(cache: SqlitePinCache, start: int) -> None:
        try:
            for number in range(start, start + 20):
                cache.put({(f"{number % 7}.yaml", blob(number + 1)): read(TEXT % number, f"{number % 7}.yaml")})
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=write, args=(cache, 10 * number)) for number, cache in enumerate(caches * 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert not failed
    keys = [(f"{number % 7}.yaml", blob(number + 1)) for number in range(50)]
    assert caches[0].get(keys) == caches[1].get(keys) == {k: read(TEXT % n, k[0]) for n, k in enumerate(keys)}
    for cache in caches:
        cache.close()


def test_a_cache_that_is_none_is_unavailable(tmp_path: Path):
    (tmp_path / "pins.sqlite").write_bytes(b"this is no database, whatever its name says" * 100)

    with pytest.raises(Unavailable, match="cache of pins"):
        SqlitePinCache(tmp_path / "pins.sqlite")
