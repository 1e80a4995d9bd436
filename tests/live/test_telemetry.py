"""What is weighed comes out of a real Prometheus as it went in: sample by sample, whatever the data set's step."""

from contextlib import ExitStack

import pytest

from bot.adapters.git import GitRepository
from bot.adapters.metrics.prometheus import PrometheusMetrics
from bot.adapters.pins import SqlitePinCache
from bot.adapters.store.schema import Database
from bot.adapters.store.sql import SqlStore
from bot.incidents.rules import QueryRule
from bot.reconciler.backtest import Known, replay
from bot.records.entry import Stage
from tests.live.memory import remember
from tests.live.telemetry import Arrays, cases, stored


@pytest.mark.live
def test_the_answer_is_the_same_as_from_the_arrays(start, debian, tmp_path):
    """The whole way: alert, incident, evidence, posterior, decision; once by Prometheus, once by the benchmark's arrays themselves."""
    everything = cases(30)
    weighed = [each for name in ("nezha-ob", "nezha-tt") for each in [each for each in everything if acts(each, name)][:2]]
    coarse = next(each for each in everything if each.case["dataset"] == "petshop")
    url = remember(start, debian, tmp_path / "prometheus", "".join(each.openmetrics() for each in (*weighed, coarse)) + "# EOF\n")

    for each in (*weighed, coarse):
        assert_stored_as_they_were(each, url)
    asked = [decided(each, PrometheusMetrics(url), tmp_path / f"asked-{number}") for number, each in enumerate(weighed)]
    read = [decided(each, Arrays(each), tmp_path / f"read-{number}") for number, each in enumerate(weighed)]

    assert [len(each["beliefs"]) > 1 for each in asked] == [True] * 4
    assert asked == read


def acts(told, dataset):
    """Whether the alert's own service had a release: only then there is something to weigh."""
    return told.case["dataset"] == dataset and told.case["alert"]["service"] in {release["service"] for release in told.case["releases"]}


def assert_stored_as_they_were(told, url):
    """Sample by sample, at their own times, whatever the data set's step."""
    names = {metric: stored(told.case["case_id"], metric) for metric in told.meta["metrics"]}
    metrics = PrometheusMetrics(url).knowing([QueryRule(name, name) for name in names.values()])
    for metric, name in names.items():
        samples = metrics.samples(name, {}, float(told.times[0]), told.case["alert"]["fired_at"])
        found = {service: [(one.at, one.value) for one in samples if one.labels["service"] == service] for service in told.meta["services"]}
        assert found == {service: told.points(service, metric) for service in told.meta["services"]}


def decided(told, metrics, folder):
    """What the record says of an incident: every hypothesis with its numbers, and the decision."""
    folder.mkdir()
    with ExitStack() as stack:
        repository, cache = GitRepository(str(told.origin(folder / "shop.git").folder)), SqlitePinCache(folder / "pins.sqlite")
        database = Database(f"sqlite:///{folder / 'own.db'}")
        for each in (repository, cache, database):
            stack.callback(each.close)
        until = told.case["alert"]["fired_at"] + 60.0
        known = (repository, cache, metrics, SqlStore(database), [told.episode], repository.resolve("HEAD"), told.configuration(), until)
        [replayed] = replay(Known(*known))
    by_stage = {entry.stage: entry for entry in replayed.entries}
    decision = by_stage[Stage.DECISION]
    return {**by_stage[Stage.SUSPECTS].facts["weighed"], "what": decision.what, "because": decision.because}
