"""The answer to a merge that got past the branch's rules is lost: that it did is told all the same."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.github.server import FakeGitHub, Fault
from tests.github.town import NAME, a_town


@pytest.fixture
def hub() -> Iterator[FakeGitHub]:
    with FakeGitHub() as started:
        yield started


@pytest.mark.parametrize(
    ("reads_lost", "says"),
    [pytest.param(0, "were bypassed", id="read back at once"), pytest.param(3, "may have been bypassed", id="later")],
)
def test_it_is_told(hub: FakeGitHub, tmp_path: Path, reads_lost: int, says: str) -> None:
    town = a_town(hub, tmp_path, "merge")
    hub.ruleset(NAME, "main", {"robot": "pull_requests_only"}, reviews=1)
    with town.serving():
        cut = hub.fault(f"PUT /repos/{NAME}/pulls/[0-9]+/merge$", "cut_after")
        if reads_lost:
            cut.then = Fault(re.compile(f"GET /repos/{NAME}/pulls/[0-9]+$"), "500_before", reads_lost)
        town.say(town.release, "/rollback checkout in prod")
        town.ports.queue.enqueue(town.incidents()[0].id, 0.0)
        town.settle()

        [number] = town.proposals()
        assert (hub.pull(NAME, number).merged, hub.faults) == (True, [])
        assert says in "".join(town.answers(number))
