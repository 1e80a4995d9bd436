"""`rollbot backtest` as a user runs it, on a made-up repository and a real Prometheus that remembers its alerts."""

import json
import os
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from bot.adapters.metrics.prometheus import PrometheusMetrics
from bot.adapters.metrics.remembered import remembered
from bot.incidents.rules import QueryRule
from tests.live.memory import remember
from tests.past import CONFIG, DAY, STEP, generated

RULES = """\
groups:
  - name: shop
    rules:
      - alert: HighErrorRate
        expr: shop_errors_ratio > 0.05
        for: 5m
        labels: {severity: critical, environment: prod}
"""


@pytest.fixture
def past():
    return generated(round(time.time() - 7 * DAY), days=6)


@pytest.mark.live
def test_a_past_that_a_real_prometheus_remembers(start, debian, past, tmp_path):
    url = remember(start, debian, tmp_path / "prometheus", past.openmetrics(), RULES)
    repo = past.origin(tmp_path / "shop.git").folder
    bare = {name: value for name, value in os.environ.items() if not name.upper().startswith("ROLLBOT_")}
    (tmp_path / "tried.yaml").write_text(CONFIG)
    command = [Path(sys.executable).with_name("rollbot"), "backtest", "--repo", repo, "--since", "8d", "--prometheus-url", url]

    done = subprocess.run(
        [*command, "--config", tmp_path / "tried.yaml", "--json", "--html", tmp_path / "page.html"],
        capture_output=True,
        text=True,
        timeout=100,
        env={**bare, "HOME": str(tmp_path / "home")},
        cwd=tmp_path,
    )

    assert done.returncode == 0, done.stderr
    row, said = json.loads(done.stdout), Counter(past.expected.values())
    score = row["score"]
    assert (row["alerts"], score["right"] + score["missed"], score["unjudged"]) == (len(past.fired), said["right"], said["forward"])
    assert any(each["probability"] is not None for each in row["incidents"]), "it was weighed"
    assert "<svg" in (tmp_path / "page.html").read_text()
    assert_remembered_to_the_sample(past, url)


def assert_remembered_to_the_sample(past, url):
    found = remembered(PrometheusMetrics(url), past.since, past.until + DAY / 2)

    expected = sorted((one.fired, one.service, one.pending, one.times[-1] + STEP) for one in past.fired)
    assert [(one.fired, one.labels["service"], one.pending, one.ended) for one in found] == expected
    rule = QueryRule("Red", 'ALERTS{alertname="HighErrorRate",alertstate="firing"}', 60.0, {"severity": "page"})
    asked = [one for one in remembered(PrometheusMetrics(url), past.since, past.until + DAY / 2, [rule]) if one.name == "Red"]
    assert [one.labels["service"] for one in asked] == [service for _, service, _, _ in expected]
    assert all(0 <= one.fired - fired <= 30 and one.labels["severity"] == "page" for one, (fired, *_) in zip(asked, expected, strict=True))
