"""A chart whose content goes back under later releases needs a version that it never had."""

from __future__ import annotations

import pytest

from bot.objections import Weight
from bot.plans.make import make
from bot.plans.plan import ByCommit, ByPath
from tests.plans.test_make import codes, planned

CHART, VALUES = "charts/shop/Chart.yaml", "charts/shop/values.yaml"


def chart(version: str, app: str = "1.0") -> str:
    return f'apiVersion: v2\nname: shop\n# the chart\nversion: {version}\n\nappVersion: "{app}"\n'


def undone(state, subject: str = "Bump"):
    return make(ByCommit(next(commit.sha for commit in state.log if commit.subject == subject)), state)


@pytest.mark.parametrize(
    ("later", "version"),
    [
        pytest.param(None, "0.3.6", id="not released since: the version that it had"),
        pytest.param("0.4.3", "0.4.4", id="released since: the next"),
        pytest.param("v0.4.9", "v0.4.10", id="with a v"),
        pytest.param("0.5.0-rc.1", "0.5.0-rc.1", id="no plain version: left to a person"),
        pytest.param("0.3.6", "0.3.6", id="it is back already"),
    ],
)
def test_the_version_that_an_undone_chart_needs(tell, later, version):
    since = [{CHART: chart(later, "1.1")}] if later else []
    state = tell({CHART: chart("0.3.6")}, ("Bump", {CHART: chart("0.4.0", "1.1")}), *since)

    plan = planned(undone(state))

    assert plan.files == {CHART: chart(version).encode()}
    raised = version not in (later, "0.3.6")
    assert [(o.weight, o.line) for o in plan.objections if o.code == "chart-version"] == ([(Weight.PERSON, 4)] if raised else [])
    assert ("moved-on" in codes(plan)) is (later == version != "0.3.6")


def test_its_files_count_too(tell):
    state = tell(
        {CHART: chart("0.3.6"), VALUES: "log: info\nport: 80\n"},
        ("Bump", {CHART: chart("0.4.0"), VALUES: "log: debug\nport: 80\n"}),
        {CHART: chart("0.4.1")},
    )

    assert planned(undone(state)).files == {CHART: chart("0.4.2").encode(), VALUES: b"log: info\nport: 80\n"}


def test_a_chart_of_which_nothing_goes_back_keeps_its_version(tell):
    state = tell({CHART: chart("0.3.6"), "a.txt": "1\n"}, ("Bump", {CHART: chart("0.4.0"), "a.txt": "2\n"}), {CHART: chart("0.4.1")})

    assert planned(undone(state)).files == {"a.txt": b"1\n"}


def test_the_place_of_an_app_version_takes_its_chart_along(tell):
    state = tell({CHART: chart("0.3.6")}, {CHART: chart("0.4.0", "1.1")}, {CHART: chart("0.4.3", "1.1")})

    plan = planned(make(ByPath(CHART, at_path="appVersion"), state))

    assert plan.files == {CHART: chart("0.4.4").encode()}
    assert [o.weight for o in plan.objections if o.code == "chart-version"] == [Weight.PERSON]
