"""Every keeper of logs, held to the same promises: it answers what was asked, and nothing is concluded from what failed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from bot.adapters.logs.loki import LokiLogs
from bot.adapters.logs.none import NoLogs
from bot.adapters.logs.table import LOGS, opened
from bot.errors import Refused, Unavailable
from bot.ports import Logs
from bot.refs import ServiceRef
from tests.clusters.http import FAULTS, Loopback

QUERY = 'sum(count_over_time({namespace="shop-$environment", app="$service"} |= "error" [1m]))'
CHECKOUT = ServiceRef("shop", "prod", "checkout")


class FakeLoki(Loopback):
    """Answers `query_range` for the queries it knows, with the series put into it."""

    def __init__(self) -> None:
        super().__init__()
        self.series: dict[str, list[tuple[float, str]]] = {}

    def serve(self, method: str, target: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes, bool]:
        return super().serve(method, target, headers | {"Authorization": f"Bearer {self.token}"}, body)

    def answer(self, method: str, path: str, query: dict[str, str], headers: dict[str, str], body: Any) -> tuple[int, Any]:
        if path != "/loki/api/v1/query_range" or query["query"] not in self.series:
            return 400, {"message": "parse error"}
        start, end = int(query["start"]) / 1e9, int(query["end"]) / 1e9
        points = [[at, value] for at, value in self.series[query["query"]] if start <= at <= end]
        result = [{"metric": {}, "values": points}] if points else []
        return 200, {"status": "success", "data": {"resultType": "matrix", "result": result, "stats": {}}}


@pytest.fixture
def loki() -> Iterator[FakeLoki]:
    with FakeLoki() as made:
        made.series['sum(count_over_time({namespace="shop-prod", app="checkout"} |= "error" [1m]))'] = [(100.0, "3"), (115.0, "4")]
        yield made


@pytest.fixture(params=LOGS)
def logs(request: pytest.FixtureRequest, loki: FakeLoki) -> Logs:
    return opened(None if request.param == "none" else loki.url)


def test_a_service_s_lines_are_counted_over_a_time(logs: Logs) -> None:
    found = [(each.at, each.value) for each in logs.errors(QUERY, CHECKOUT, 90.0, 110.0)]

    assert found == ([] if isinstance(logs, NoLogs) else [(100.0, 3.0)])


def test_a_time_without_lines_has_no_samples(logs: Logs) -> None:
    assert list(logs.errors(QUERY, CHECKOUT, 200.0, 300.0)) == []


@pytest.mark.parametrize("name", FAULTS)
def test_an_answer_that_failed_is_no_answer(loki: FakeLoki, name: str) -> None:
    loki.fault = FAULTS[name]

    with pytest.raises(Refused if name in ("401", "403") else Unavailable):
        LokiLogs(loki.url, timeout=0.2 if name == "hangs" else 10.0).errors(QUERY, CHECKOUT, 0.0, 1.0)


def test_a_query_that_is_not_understood_is_refused(loki: FakeLoki) -> None:
    with pytest.raises(Refused, match="400"):
        LokiLogs(loki.url).errors("sum(", CHECKOUT, 0.0, 1.0)


@pytest.mark.parametrize("name", ['x"} or {a="b', "a b", "$service", ""])
def test_a_name_that_could_mean_something_is_never_written_into_a_query(loki: FakeLoki, name: str) -> None:
    with pytest.raises(Refused, match="not written into a query"):
        LokiLogs(loki.url).errors(QUERY, ServiceRef("shop", "prod", name), 0.0, 1.0)
    assert loki.asked == []
