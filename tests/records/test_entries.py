"""A record is whole, or it says where it is not."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.incidents.incident import Action, Incident, Kind, Symptom
from bot.incidents.lifecycle import End, State
from bot.records.entry import FIRST, Entry, Note, Stage, append, broken
from bot.records.report import report
from bot.records.times import Times, times
from bot.records.trailers import ours, past, trailers
from bot.refs import ServiceRef, Sha
from bot.releases.release import Commit, History

CHECKOUT = ServiceRef("git.example/shop", "prod", "checkout")
NOTES = (
    Note(Stage.SIGNAL, "opened", ("an alert",)),
    Note(Stage.DECISION, "roll back", ("it was live", "nothing else"), {"at": 1.5, "who": ("a",)}),
    Note(Stage.END, "recovered"),
)


def a_record() -> tuple[Entry, ...]:
    first = append("i", 0, FIRST, 10.0, NOTES[:1])
    return (*first, *append("i", 1, first[-1].hash, 20.0, NOTES[1:]))


def test_a_record_written_in_parts_is_whole() -> None:
    record = a_record()

    assert [entry.seq for entry in record] == [1, 2, 3]
    assert broken(record, record[-1].hash, 3) is None


@settings(max_examples=60, deadline=None)
@given(place=st.integers(0, 2), field=st.sampled_from(["what", "because", "facts", "at", "stage", "incident"]))
def test_a_changed_entry_is_found(place: int, field: str) -> None:
    values = {"what": "else", "because": ("else",), "facts": {"else": 1}, "at": 99.0, "stage": Stage.PLAN, "incident": "j"}
    record = list(a_record())
    record[place] = replace(record[place], **{field: values[field]})  # type: ignore[arg-type]

    assert broken(record, record[-1].hash, 3) == f"entry {place + 1} was changed after it was written"


@pytest.mark.parametrize(
    "left",
    [
        pytest.param((1, 2), id="the first is missing"),
        pytest.param((0, 2), id="one in the middle is missing"),
        pytest.param((0, 1), id="the last is missing"),
        pytest.param((), id="all are missing"),
        pytest.param((0, 2, 1), id="two changed places"),
    ],
)
def test_a_missing_entry_is_found(left: tuple[int, ...]) -> None:
    record = a_record()

    assert broken([record[place] for place in left], record[-1].hash, 3) is not None


MESSAGE = """Roll back checkout from 1.4.0 to 1.3.9

Errors: too many

Rollback-Service: checkout
Rollback-Environment: prod
Rollback-Release: {release}
Rollback-Incident: {incident}
"""


def committed(name: str, message: str, time: float = 5.0) -> Commit:
    return Commit(Sha(name), None, time, "rollbot", "r@x", message, ())


LOG = (
    committed("u1", "Undo\n\nRollback-Undo: rollbot/x\nRollback-Service: checkout\nRollback-Environment: prod\nRollback-Incident: one\n"),
    committed("m", "Merge it\n\nRollback-Service: no trailer in the middle\n\nbye\n"),
    committed("r1", MESSAGE.format(release="bad", incident="one")),
    committed("r2", MESSAGE.format(release="worse", incident="two"), 4.0),
    committed("r3", MESSAGE.format(release="bad", incident="three").replace("checkout\n", "cart\n"), 3.0),
)


def test_trailers_stand_in_the_last_paragraph_only() -> None:
    assert trailers(LOG[1].message) == {}
    assert trailers(LOG[2].message)["Rollback-Release"] == ("bad",)


def test_git_tells_the_service_s_rollbacks_of_other_incidents() -> None:
    found = past(LOG, History(CHECKOUT, ()), "one")

    assert [(each.release, each.incident, each.at) for each in found] == [("worse", "two", 4.0)]


@pytest.mark.parametrize(
    ("incident", "release", "undoes", "commit"),
    [
        pytest.param("one", "bad", None, "r1", id="its rollback"),
        pytest.param("one", "worse", None, None, id="not of another release"),
        pytest.param("two", "bad", None, None, id="not of another incident"),
        pytest.param("one", "r1", "rollbot/x", "u1", id="its undo"),
        pytest.param("one", "r1", "rollbot/y", None, id="not another undo"),
    ],
)
def test_an_earlier_run_s_commit_is_found(incident: str, release: str, undoes: str | None, commit: str | None) -> None:
    assert ours(LOG, incident, Sha(release), undoes) == commit


def an_incident() -> Incident:
    symptom = Symptom("k", "alertmanager", "Errors", {}, 100.0, resolved=700.0)
    action = Action(
        Kind.ROLLBACK, Sha("b" * 40), version="1.4.0", to="1.3.9", mode="merge", planned=170.0, merged=180.0, arrived=260.0, quiet=690.0
    )
    return Incident(
        "i", CHECKOUT, 160.0, State.ENDED, (symptom,), None, (action,), onset=90.0, end=End.RECOVERED, why="that helped", ended=1000.0
    )


def test_times_count_from_the_onset() -> None:
    assert times(an_incident()) == Times(detect=70.0, decide=80.0, merge=90.0, arrive=170.0, recover=600.0)


def test_what_did_not_happen_has_no_time() -> None:
    declined = replace(an_incident(), end=End.DECLINED, actions=())

    assert times(declined) == Times(detect=70.0, decide=None, merge=None, arrive=None, recover=None)


def test_the_report_tells_everything_in_order() -> None:
    text = report(an_incident(), a_record())

    assert "prod/checkout: recovered (that helped)" in text
    assert "time to recover: 10 min 0 s" in text
    assert text.index("opened") < text.index("roll back") < text.index("it was live")
