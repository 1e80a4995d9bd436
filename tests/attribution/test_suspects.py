"""Whom to suspect: what was live when the symptom began, newest first, never a rollback."""

from __future__ import annotations

from typing import Any

import pytest

from bot.attribution.onset import Clue, Onset, onset
from bot.attribution.rules import AttributionRules
from bot.attribution.suspects import Live, attribute
from bot.refs import ServiceRef, Sha
from bot.releases.release import History, PinChange, Release

CHECKOUT = ServiceRef("git.example/shop", "prod", "checkout")
BEGAN = Onset(1000.0, 1000.0, "pending")
RULES = AttributionRules(window=900.0)


def released(name: str, at: float, before: str, after: str, **more: Any) -> Release:
    fields: dict[str, Any] = {
        "parent": None,
        "author": "bot",
        "bot": True,
        "pull_request": None,
        "subject": name,
        "merged": (),
        "files": (),
    }
    change = PinChange("a.yaml", "image", "checkout", before, after)
    return Release(service=CHECKOUT, commit=Sha(name), time=at, version=after, changes=(change,), **(fields | more))


LINE = (
    released("after", 1100.0, "4", "5"),
    released("newest", 900.0, "3", "4"),
    released("back", 500.0, "9", "3", rollback=True),
    released("taken-back", 400.0, "3", "9"),
    released("older", 300.0, "2", "3"),
    released("too-old", 50.0, "1", "2"),
)
ALL = frozenset(release.commit for release in LINE)
RUNNING = Live(ALL, ALL)


def named(line: tuple[Release, ...] = LINE, began: Onset = BEGAN, live: Live | None = RUNNING, **more: Any) -> list[tuple[str, bool]]:
    rules = more.pop("rules", RULES)
    found = attribute(History(CHECKOUT, line), began, live, more.get("tried", frozenset()), rules)
    return [(suspect.release.commit, suspect.sure) for suspect in found.suspects]


@pytest.mark.parametrize(
    ("more", "suspects"),
    [
        pytest.param(
            {}, [("newest", True), ("older", True)], id="newest first; no rollback, nothing after, nothing taken back, nothing old"
        ),
        pytest.param({"tried": frozenset({Sha("newest")})}, [("older", True)], id="what was tried is not tried again"),
        pytest.param({"live": Live(ALL - {Sha("newest")}, ALL - {Sha("newest")})}, [("older", True)], id="what never ran"),
        pytest.param({"live": None}, [("newest", False), ("older", False)], id="nobody can tell what runs"),
        pytest.param({"live": Live(None, None)}, [("newest", False), ("older", False)], id="the cluster does not remember"),
        pytest.param(
            {"live": None, "rules": AttributionRules(window=900.0, live_after=60.0)},
            [("newest", True), ("older", True)],
            id="told to take it so",
        ),
        pytest.param(
            {"live": None, "rules": AttributionRules(window=900.0, live_after=200.0)},
            [("newest", False), ("older", True)],
            id="too short ago",
        ),
        pytest.param(
            {"began": Onset(850.0, 1000.0, ""), "live": Live(ALL - {Sha("newest")}, ALL)},
            [("newest", False), ("older", True), ("too-old", True)],
            id="about when it began",
        ),
        pytest.param({"line": ()}, [], id="no releases"),
    ],
)
def test_suspects(more: dict[str, Any], suspects: list[tuple[str, bool]]) -> None:
    assert named(**more) == suspects


UNDONE = (released("undo", 700.0, "3", "9", rollback=True), *LINE[2:])


@pytest.mark.parametrize(
    ("line", "suspects"),
    [
        pytest.param(UNDONE, [("taken-back", True), ("older", True)], id="undone before it began"),
        pytest.param((released("undo", 1050.0, "3", "9", rollback=True), *LINE[2:]), [("older", True)], id="undone since"),
        pytest.param((released("again", 800.0, "9", "3", rollback=True), *UNDONE), [("older", True)], id="and taken back once more"),
    ],
)
def test_what_an_undo_brought_back_is_suspected_and_no_older_one_in_its_place(
    line: tuple[Release, ...], suspects: list[tuple[str, bool]]
) -> None:
    ran = frozenset(release.commit for release in line)

    assert [each for each in named(line, live=Live(ran, ran)) if each[0] != "too-old"] == suspects


def test_everybody_in_the_window_is_a_suspect_or_cleared_with_a_reason() -> None:
    found = attribute(History(CHECKOUT, LINE), BEGAN, RUNNING, frozenset(), RULES)

    cleared = {each.release.commit: each.why for each in found.cleared}
    assert set(cleared) == {"after", "back", "taken-back"}
    assert "after the symptom began" in cleared[Sha("after")]
    assert "never a suspect" in cleared[Sha("back")]
    assert "taken back by back" in cleared[Sha("taken-back")]


@pytest.mark.parametrize(
    ("clues", "expected"),
    [
        pytest.param((Clue(100.0, 80.0, 30.0),), (80.0, 80.0), id="pending is known"),
        pytest.param((Clue(100.0, None, 30.0),), (70.0, 100.0), id="only its window is known"),
        pytest.param((Clue(100.0),), (90.0, 100.0), id="nothing is known"),
        pytest.param((Clue(100.0, 95.0), Clue(98.0, 60.0)), (60.0, 60.0), id="the earliest of several"),
        pytest.param((Clue(100.0, 120.0),), (100.0, 100.0), id="pending again after it fired"),
    ],
)
def test_onset(clues: tuple[Clue, ...], expected: tuple[float, float]) -> None:
    found = onset(clues, 10.0)

    assert (found.earliest, found.latest) == expected
