from __future__ import annotations

import re

from bot.records.scorecard import Verdict
from bot.records.verdicts import Accused, Answer, Judged
from bot.refs import ServiceRef, Sha
from bot.releases.taken_back import TakenBack
from bot.web.backtest import bars, calibration, page
from bot.web.backtested import Backtested, told

NOW = 1_790_000_000.0
MINUTE = 60.0
EVIL = '<script>alert(1)</script> " onload=x'


def a_case(number: int, probability: float | None, right: bool) -> Judged:
    service, commit = ServiceRef("shop", "prod", "checkout"), Sha(f"{number:040x}")
    fired = NOW + number * 86400
    answer = Answer(commit, "1.1", "1.0", "propose", EVIL, fired + MINUTE, (Accused(commit, "1.1", "", probability),))
    undone = (commit,) if right else (Sha("f" * 40),)
    people = TakenBack(service, Sha("a" * 40), fired + 30 * MINUTE, EVIL, False, EVIL, undone, "1.1", "1.0", "")
    verdict = Verdict.RIGHT if right else Verdict.WRONG
    return Judged(f"i{number}", service, (EVIL,), fired, fired + 40 * MINUTE, answer, people, verdict, EVIL, 29 * MINUTE if right else None)


def told_of(cases: list[Judged]):
    return told(Backtested(EVIL, Sha("b" * 40), "prometheus", NOW, NOW + 40 * 86400, len(cases), tuple(cases), (), (EVIL,)))


def test_strangers_text_is_shown_and_not_obeyed():
    shown = page(told_of([a_case(1, 0.9, True)]))

    assert "<script" not in shown and "&lt;script&gt;" in shown
    assert "default-src 'none'" in shown


def test_the_plot_shows_how_often_what_was_said_came_true():
    row = told_of([a_case(number, 0.9, number % 10 != 0) for number in range(40)])

    plot = calibration(row["calibration"])
    shown = page(row)

    assert row["calibration"]["cases"] == 40 and row["calibration"]["error"] < 0.05
    assert shown.count('<circle class="dot"') == len(plot["dots"]) == len(row["calibration"]["bins"])
    assert all(plot["x0"] <= dot["x"] <= plot["x1"] and plot["y1"] <= dot["y"] <= plot["y0"] for dot in plot["dots"])
    assert all(dot["high"] <= dot["y"] <= dot["low"] for dot in plot["dots"]), "upwards is less in a drawing"


def test_the_bars_stay_in_their_picture():
    picture = bars(told_of([a_case(number, 0.5, True) for number in range(40)])["incidents"])

    assert len(picture["rows"]) == 16
    assert all(
        picture["x0"] <= each["bot"] <= each["people"] <= picture["wide"] and each["y"] < picture["high"] for each in picture["rows"]
    )


def test_probabilities_that_do_not_hold_suggest_no_thresholds():
    row = told_of([a_case(number, 0.05, True) for number in range(40)])

    shown = page(row)

    assert row["suggested"]["thresholds"] == {"act": None, "person": None}
    assert row["suggested"]["trust"][0]["trust"] == "merge", "its verdicts were right"
    assert "its probabilities do not hold here" in shown and "thresholds:" not in shown


def test_thresholds_that_cases_bear_out():
    row = told_of([a_case(number, 0.97 if number % 3 else 0.2, number % 3 != 0) for number in range(90)])

    assert row["suggested"]["thresholds"]["act"] == 0.97
    assert "thresholds: {act: 0.97, person: " in page(row)


def test_nothing_to_draw_is_said():
    shown = page(told_of([a_case(1, None, False)]))

    assert "so there is nothing to draw" in shown and "It would have got no rollback right" in shown
    assert not re.search(r"<svg|nan|None", shown)
