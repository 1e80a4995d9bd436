"""The judges of the laws can find: each is shown what breaks it, and Rollbot itself, broken on purpose, is found out by the months."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from bot.incidents.incident import Incident
from bot.records.entry import FIRST, Note, Stage, append
from bot.refs import ServiceRef, Sha
from bot.signals.signal import Asked
from bot.world.story import ToldCommit
from tests.reconciler.breaks import BREAKS, broken
from tests.reconciler.laws import STOP, judge, whole
from tests.reconciler.memory import MemoryOrigin
from tests.reconciler.months import Month

HOUR = 3600.0
PATH = "apps/shop/kustomization.yaml"
ONE = Incident("one", ServiceRef("shop", "prod", "shop"), 1.0)


class Told:
    """A repository told commit by commit: people's, and Rollbot's with its trailers."""

    def __init__(self) -> None:
        self.origin = MemoryOrigin(Path("/virtual/shop.git"), "main")
        self.people("Begin", {PATH: "count: 2\ntag: good\n"})

    def people(self, message: str, files: dict[str, str | None], branch: str = "main") -> Sha:
        return self.origin.tell([ToldCommit(1.0, "Ada <ada@shop.example>", f"{message}\n", files)], branch)

    def rollbot(self, files: dict[str, str | None], branch: str = "main", **said: str) -> Sha:
        trailers = {"Service": "shop", "Environment": "prod", "Release": "a" * 40, "Incident": "one"} | said
        text = "Roll back\n\n" + "".join(f"Rollback-{name}: {value}\n" for name, value in trailers.items())
        return self.origin.tell([ToldCommit(2.0, "rollbot <rollbot@localhost>", text, files)], branch)


def once(told: Told) -> None:
    told.rollbot({PATH: "count: 2\ntag: older\n"})


def twice(told: Told) -> None:
    once(told)
    told.people("Again", {PATH: "count: 2\ntag: good\n"})
    once(told)


def undone(told: Told, times: int = 1, suspects: int = 1) -> None:
    for number in range(suspects):
        told.rollbot({PATH: f"count: 2\ntag: older{number}\n"}, Release=f"{number}" * 40)
        for time in range(times):
            told.rollbot({PATH: f"count: 2\ntag: good{time}\n"}, Release=f"{number}" * 40, Undo=f"rollbot/{number}")


def of_a_rollback(told: Told) -> None:
    first = told.rollbot({PATH: "count: 2\ntag: older\n"})
    told.rollbot({PATH: "count: 2\ntag: good\n"}, Release=first)


def of_a_merged_rollback(told: Told) -> None:
    told.rollbot({PATH: "count: 2\ntag: older\n"}, "rollbot/one")
    merge = told.origin.merge("rollbot/one", "Ada <ada@shop.example>", 3.0)
    told.rollbot({PATH: "count: 2\ntag: good\n"}, Release=merge)


def past_stop(told: Told) -> None:
    told.people("Stop", {STOP: "wait\n"})
    told.rollbot({PATH: "count: 2\ntag: older\n"}, "rollbot/one")


@pytest.mark.parametrize(
    ("happens", "law"),
    [
        pytest.param(once, None, id="a rollback"),
        pytest.param(undone, None, id="and its undo"),
        pytest.param(lambda told: undone(told, suspects=2), None, id="of two suspects"),
        pytest.param(lambda told: told.rollbot({PATH: "count: 3\n"}), None, id="more capacity"),
        pytest.param(lambda told: told.rollbot({".rollbot/quarantine/x.yaml": "a: 1\n"}), None, id="a file of our own"),
        pytest.param(twice, "law 3", id="the same release twice"),
        pytest.param(of_a_rollback, "law 4", id="of a rollback"),
        pytest.param(of_a_merged_rollback, "law 4", id="of a rollback that a person merged"),
        pytest.param(lambda told: undone(told, times=2), "law 4", id="undone twice"),
        pytest.param(lambda told: undone(told, suspects=3), "law 4", id="a third suspect"),
        pytest.param(lambda told: told.rollbot({PATH: "count: 1\n"}), "law 6", id="less capacity"),
        pytest.param(lambda told: told.rollbot({PATH: None}), "law 6", id="deletes"),
        pytest.param(lambda told: told.rollbot({"new.yaml": "a: 1\n"}), "law 6", id="adds"),
        pytest.param(past_stop, "law 7", id="past stop"),
    ],
)
def test_what_breaks_a_law_is_found(happens, law) -> None:
    told = Told()
    happens(told)

    if law is None:
        judge(told.origin, [ONE], {})
    else:
        with pytest.raises(AssertionError, match=law):
            judge(told.origin, [ONE], {})


@pytest.mark.parametrize("happens", [twice, lambda told: told.rollbot({PATH: None})])
def test_what_a_person_asked_for_breaks_none(happens) -> None:
    told = Told()
    happens(told)

    judge(told.origin, [ONE], {"shop": 1})
    judge(told.origin, [replace(ONE, request=Asked("r", "ada", 1.0))], {})


def test_one_word_allows_one_more_and_not_two() -> None:
    told = Told()
    twice(told)
    told.people("And again", {PATH: "count: 2\ntag: good\n"})
    once(told)

    with pytest.raises(AssertionError, match="law 3"):
        judge(told.origin, [ONE], {"shop": 1})


def test_a_record_that_was_changed_is_found() -> None:
    entries = append("one", 0, FIRST, 1.0, [Note(Stage.SIGNAL, "opened"), Note(Stage.END, "done")])
    kept = replace(ONE, entries=2, last=entries[-1].hash)

    whole(kept, entries)
    for spoilt in (entries[:1], entries[::-1], (entries[0], replace(entries[1], what="nothing"))):
        with pytest.raises(AssertionError, match="one: "):
            whole(kept, spoilt)


def configured_badly_twice(month: Month) -> None:
    for _ in range(2):
        month.configure_badly("checkout", wait=25 * HOUR)


def fails_after_a_rollback(month: Month) -> None:
    month.release("checkout", share=0.6, wait=2 * HOUR)
    month.after_a_rollback(again=False, wait=HOUR)


SHORT: dict[str, Callable[[Month], object]] = {
    "forgets what it rolled back": configured_badly_twice,
    "takes a rollback for a release": fails_after_a_rollback,
    "accepts every plan": lambda month: month.release_with_replicas(wait=HOUR, count="6"),
    "does not look at the kill switch": lambda month: (month.release("checkout", share=0.6, wait=0.0), month.press_stop(wait=1800.0)),
    "tells nobody": lambda month: month.release("checkout", share=0.6, wait=HOUR),
}
"""A month short enough to break each law with Rollbot broken on purpose; `bench/month.py --broken NAME` finds one of its own."""


def lived(happens: Callable[[Month], object]) -> None:
    month = Month()
    try:
        month.begin(trust="push", undo_alone=True, countdown=False, quarantine="30d", on_disk=False)
        happens(month)
    finally:
        month.teardown()


@pytest.mark.parametrize("name", BREAKS)
def test_a_month_finds_what_is_broken_on_purpose_and_nothing_else(name: str) -> None:
    lived(SHORT[name])

    with broken(name), pytest.raises(AssertionError, match=BREAKS[name][0]):
        lived(SHORT[name])


def test_what_was_broken_is_whole_again() -> None:
    places = [(place, attribute) for _, attributes in BREAKS.values() for place, attribute, _ in attributes]
    before = [getattr(place, attribute) for place, attribute in places]

    for name in BREAKS:
        with broken(name):
            pass

    assert [getattr(place, attribute) for place, attribute in places] == before
