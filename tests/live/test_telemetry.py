"""What is weighed comes out of a real Prometheus as it went in: sample by sample, whatever the data set's step."""

import pytest

from bot.adapters.metrics.prometheus import PrometheusMetrics
from bot.incidents.rules import QueryRule
from tests.live.memory import remember
from tests.live.telemetry import cases, stored


@pytest.mark.live
def test_series_of_the_benchmark_come_back_as_they_were(start, debian, tmp_path):
    told = cases(2)
    url = remember(start, debian, tmp_path / "prometheus", "".join(each.openmetrics() for each in told) + "# EOF\n")

    for each in told:
        names = [stored(each.case["case_id"], metric) for metric in each.meta["metrics"]]
        metrics = PrometheusMetrics(url).knowing([QueryRule(name, name) for name in names])
        for metric, name in zip(each.meta["metrics"], names, strict=True):
            samples = metrics.samples(name, {}, float(each.times[0]), each.case["alert"]["fired_at"])
            found = {
                service: [(one.at, one.value) for one in samples if one.labels["service"] == service] for service in each.meta["services"]
            }
            assert found == {service: each.points(service, metric) for service in each.meta["services"]}
