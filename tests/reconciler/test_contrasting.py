"""Counters of two versions that serve at once become steps; everything else compares nothing."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from bot.attribution.evidence import Count
from bot.attribution.sources import VersionsRule
from bot.ports import Sample
from bot.reconciler.contrasting import side_by_side, versions
from bot.releases.release import PinChange
from tests.policy.test_rules import a_release

RULE = VersionsRule("total", "failed")
NEW = a_release()  # 1.3.9 → 1.4.0


def counter(version: str, *values: float, service: str = "checkout", since: int = 0) -> list[Sample]:
    return [Sample({"service": service, "version": version}, 15.0 * (since + n), value) for n, value in enumerate(values)]


def named(labels: Mapping[str, str]) -> str | None:
    return labels.get("service")


def test_both_versions_are_counted_between_the_same_looks() -> None:
    total = counter("1.4.0", 0, 10, 30) + counter("1.3.9", 1000, 1100, 1200)
    failed = counter("1.4.0", 0, 5, 10) + counter("1.3.9", 3, 3, 4)

    [found] = side_by_side([("checkout", NEW)], RULE, failed, total, named)

    assert found.key == NEW.commit
    assert found.new == (Count(5, 10), Count(5, 20))
    assert found.old == (Count(0, 100), Count(1, 100))


@pytest.mark.parametrize(
    ("total", "why"),
    [
        (counter("1.4.0", 0, 10) + counter("1.3.9", 0, 10, since=9), "one after the other"),
        (counter("1.4.0", 0, 10), "one of them alone"),
        (counter("1.4.0", 0, 10, service="cart") + counter("1.3.9", 0, 10, service="cart"), "another service"),
        (counter("1.4.0", 0, float("nan")) + counter("1.3.9", 0, 10), "no numbers"),
        ([], "nothing"),
    ],
)
def test_what_is_not_side_by_side_is_not_compared(total: list[Sample], why: str) -> None:
    assert side_by_side([("checkout", NEW)], RULE, [], total, named) == (), why


def test_a_counter_that_begins_anew_tells_nothing_of_that_step() -> None:
    total = counter("1.4.0", 50, 3, 13) + counter("1.3.9", 0, 10, 20)

    [found] = side_by_side([("checkout", NEW)], RULE, [], total, named)

    assert (found.new, found.old) == ((Count(0, 0), Count(0, 10)), (Count(0, 0), Count(0, 10)))


def test_pods_of_one_version_are_added_up() -> None:
    total = [*counter("1.4.0", 0, 10), *counter("1.4.0", 0, 5), *counter("1.3.9", 0, 10)]

    [found] = side_by_side([("checkout", NEW)], RULE, [], total, named)

    assert found.new == (Count(0, 15),)


def test_versions_are_tags_and_a_release_without_one_has_none() -> None:
    pinned = PinChange("a", "image", "checkout", "1.3.9@sha256:aa", "1.4.0@sha256:bb")

    assert versions(a_release(version="1.4.0@sha256:bb", changes=(pinned,))) == ("1.4.0", "1.3.9")
    assert versions(a_release(changes=())) == ("", "")
