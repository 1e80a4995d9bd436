"""What a rollback waits for at GitHub, told exactly; and a queue that it is taken out of again."""

from __future__ import annotations

import pytest

from bot.changes.change import Blocked
from tests.adapters.forges.github.hub import Hub

TEN_MINUTES = 600.0


@pytest.mark.parametrize(
    ("waited", "words"),
    [
        (TEN_MINUTES - 30, "the required check ci, which has not reported yet"),
        (
            TEN_MINUTES + 30,
            "the required check ci, which has not reported for over 10 minutes: does anything start it for pull requests of Rollbot? "
            "A workflow's GITHUB_TOKEN starts none",
        ),
    ],
)
def test_a_check_that_never_reports_is_asked_after(hub: Hub, waited: float, words: str) -> None:
    hub.server.protect(hub.name, "main", required_checks=["ci"])
    pull = hub.proposed()
    hub.patient.sleep(waited)

    assert hub.forge.merge(pull, pull.head) == Blocked(f"{words}; Rollbot merges it then (auto-merge is off)", waiting=True)


@pytest.mark.parametrize("anew", [False, True], ids=["by the run that queued it", "by a later run"])
def test_a_pull_request_is_taken_out_of_the_queue(hub: Hub, anew: bool) -> None:
    hub.server.protect(hub.name, "main", queue=True)
    pull = hub.proposed()
    assert hub.forge.merge(pull, pull.head) == Blocked("the merge queue, where it is number 1", waiting=True)
    if anew:
        hub.start()

    hub.forge.disarm(pull)
    hub.forge.disarm(pull)
    hub.server.run_queue(hub.name)

    assert (hub.server.pull(hub.name, pull.number).state, hub.origin.head()) == ("open", hub.change().base)
    assert [each.payload["action"] for each in hub.server.hooks if each.payload.get("action") in ("enqueued", "dequeued")] == [
        "enqueued",
        "dequeued",
    ]


def test_a_queued_pull_request_that_is_closed_leaves_the_queue(hub: Hub) -> None:
    hub.server.protect(hub.name, "main", queue=True)
    pull = hub.proposed()
    hub.forge.merge(pull, pull.head)

    hub.forge.close(pull, "the symptom went by itself")
    hub.server.run_queue(hub.name)

    assert (hub.server.pull(hub.name, pull.number).queued, hub.server.pull(hub.name, pull.number).merged) == (False, False)
