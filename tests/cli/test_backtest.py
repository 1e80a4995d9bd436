from __future__ import annotations

import hashlib
import socket
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.cli.backtest import moment
from bot.errors import BadConfig
from tests.past import CONFIG, DAY, HOUR, MINUTE, RULE, Past, generated, remembering

SINCE = 1_790_000_000.0


def everything(folder: Path) -> dict[str, str]:
    """Every byte of a folder, objects and refs of a repository with them."""
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.rglob("*") if path.is_file()}


def a_bad_release() -> Past:
    past = Past(SINCE, SINCE + 10 * DAY)
    past.begin(SINCE - 20 * DAY)
    past.release("checkout", SINCE + DAY)
    past.alert("checkout", SINCE + DAY + 10 * MINUTE, SINCE + DAY + 50 * MINUTE, "right")
    past.roll_back("checkout", SINCE + DAY + 45 * MINUTE)
    past.release("search", SINCE + 2 * DAY)
    past.roll_back("search", SINCE + 2 * DAY + HOUR)
    return past


@pytest.fixture
def backtest(rollbot, tmp_path):
    def run(past: Past, *words: str, rules: Sequence[dict[str, Any]] = ()):
        repo = tmp_path / "shop.git"
        if not repo.exists():
            past.origin(repo)
        with remembering(past, rules) as url:
            return rollbot(
                *("backtest", "--repo", repo, "--prometheus-url", url, "--since", stamp(past.since), "--until", stamp(past.until)),
                *words,
            )

    return run


def stamp(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat()


def test_a_month_on_one_page_and_not_a_byte_changes(backtest, tmp_path):
    past = generated(SINCE, days=12)
    before = everything(past.origin(tmp_path / "shop.git").folder)

    (tmp_path / "tried.yaml").write_text(CONFIG)
    done = backtest(past, "--json", "--html", str(tmp_path / "page.html"), "--config", str(tmp_path / "tried.yaml"), rules=[RULE])

    assert (done.code, everything(tmp_path / "shop.git")) == (0, before)
    row, said = done.json, Counter(past.expected.values())
    score = row["score"]
    assert score["right"] + score["missed"] == said["right"] > 0
    assert (score["unjudged"], score["wrong"] + score["abstained"]) == (said["forward"], said["wrong"] + said["none"])
    assert any(each["probability"] is not None for each in row["incidents"])
    page = (tmp_path / "page.html").read_text()
    assert page.count('<span class="state right">') == score["right"] + 1, "each incident that was right, and the tile that counts them"
    assert "<script" not in page and "http://" not in page and "src=" not in page


def test_what_it_says_to_people(backtest):
    done = backtest(a_bad_release())

    assert done.code == 0
    assert "Of 1 incident it would have rolled back 1 that can be judged, 1 rightly and 0 wrongly" in done.out
    assert "1.1.0 → 1.0.0" in done.out and "34.5 min" in done.out
    assert "note: nothing opts an alert in" in done.out
    assert "no alert: search in prod went from 1.1.0 to 1.0.0" in done.out


def test_a_configuration_is_tried_before_it_is_committed(backtest, tmp_path):
    tried = tmp_path / "tried.yaml"
    tried.write_text("version: '1'\nalerts:\n  rules: [{match: {alertname: Other}, act: true}]\n")

    [only] = backtest(a_bad_release(), "--json", "--config", str(tried)).json["incidents"]

    assert (only["decision"], only["verdict"]) == ("none", "missed")
    assert "no label rollbot=act and no rule opts it in" in only["why"]


def test_a_file_that_is_no_configuration(backtest, tmp_path):
    (tmp_path / "tried.yaml").write_text("alerts: {act_by_defualt: true}\n")

    done = backtest(a_bad_release(), "--config", str(tmp_path / "tried.yaml"))

    assert (done.code, done.out) == (2, "") and "act_by_default" in done.err


def test_without_a_prometheus_it_says_how_to_name_one(rollbot, origin):
    done = rollbot("backtest", "--repo", origin.folder)

    assert done.code == 2 and "--prometheus-url http://prometheus:9090, or ROLLBOT_PROMETHEUS_URL" in done.err


def test_a_prometheus_that_is_not_there(rollbot, origin):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        done = rollbot("backtest", "--repo", origin.folder, "--prometheus-url", f"http://127.0.0.1:{taken.getsockname()[1]}")

    assert done.code == 3 and "did not answer" in done.err


def test_a_prometheus_that_remembers_no_alert(backtest):
    past = a_bad_release()
    past.fired.clear()

    done = backtest(past)

    assert done.code == 1 and "remembers no alert that fired in that time" in done.err and "--since" in done.err


def test_alerts_that_name_no_service(backtest):
    past = a_bad_release()
    past.fired = [type(one)("warehouse", one.pending, one.fired, one.ended) for one in past.fired]

    done = backtest(past)

    assert done.code == 1 and "no service goes by service=warehouse" in done.err and "--config" in done.err


@pytest.mark.parametrize(
    ("since", "until", "why"),
    [
        pytest.param("2026-10-02", "2026-10-01", "nothing lies between", id="the wrong way round"),
        pytest.param("yesterday", None, "'yesterday' is no time (such as 30d", id="no time"),
    ],
)
def test_times_that_are_none(rollbot, origin, since, until, why):
    done = rollbot("backtest", "--repo", origin.folder, "--since", since, *(("--until", until) if until else ()))

    assert done.code == 2 and why in done.err


def test_a_page_that_cannot_be_written(backtest, tmp_path):
    done = backtest(a_bad_release(), "--html", str(tmp_path / "nowhere" / "page.html"))

    assert done.code == 2 and "--html FILE in a folder that is there" in done.err


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("30d", SINCE - 30 * DAY, id="days ago"),
        pytest.param("90m", SINCE - 90 * MINUTE, id="minutes ago"),
        pytest.param("2026-09-21T10:00+02:00", 1_789_977_600.0, id="elsewhere"),
        pytest.param("2026-09-21", 1_789_948_800.0, id="a day, in UTC"),
    ],
)
def test_a_time_may_be_said_in_several_ways(text, expected):
    assert moment(text, SINCE) == expected


def test_a_time_that_is_none():
    with pytest.raises(BadConfig):
        moment("soon", SINCE)
