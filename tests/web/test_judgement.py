"""What was weighed, on the incident's page and in the API; and the scorecard."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.incidents.incident import Incident
from bot.incidents.lifecycle import End, State
from bot.records.entry import FIRST, Note, Stage, append
from bot.refs import ServiceRef

WEIGHED: dict[str, Any] = {
    "enough": True,
    "said": "probably release f9b8a7c4 of checkout (90%)",
    "lacking": [],
    "none": 0.08,
    "act": 0.88,
    "person": 0.25,
    "look": 0,
    "looks": 5,
    "costs": {"roll back": 13.9, "wait": 14.2},
    "beliefs": [
        {
            "hypothesis": {"kind": "release", "release": "f9b8a7c4" * 5, "service": "checkout"},
            "prior": 0.1,
            "probability": 0.9,
            "terms": [{"name": "errors", "nats": 2.5, "why": "its own errors <script>stepped out</script>"}],
        },
        {"hypothesis": {"kind": "noise"}, "prior": 0.2, "probability": 0.08, "terms": []},
    ],
}


@pytest.fixture
def incident(ports: Any) -> Incident:
    service = ServiceRef(ports.repository.name, "prod", "checkout")
    entries = append("prod-checkout-1", 0, FIRST, 100.0, [Note(Stage.SUSPECTS, "one release", (), {"suspects": [], "weighed": WEIGHED})])
    last = entries[-1]
    bare = Incident("prod-checkout-1", service, 100.0, State.ENDED, end=End.ESCALATED, ended=200.0)
    made: Incident = ports.store.save(replace(bare, entries=last.seq, last=last.hash), entries)
    return made


def test_the_page_shows_each_hypothesis_with_its_numbers(client: Any, incident: Incident) -> None:
    text = client.get(f"/incidents/{incident.id}", auth=("anybody", "api-token-0123456789")).text

    for part in ("release f9b8a7c4 of checkout", "10.0%", "90.0%", "+2.50 its own errors", "the alert fired by itself", "from 88% on"):
        assert part in text
    assert "<script>" not in text


def test_the_api_answers_what_was_weighed_last(call: Any, incident: Incident) -> None:
    assert call(f"/incidents/{incident.id}").json()["judgement"] == WEIGHED


def test_the_api_answers_the_scorecard(call: Any, incident: Incident) -> None:
    [card] = call("/scorecard").json()

    assert [(score["incident"], score["would"], score["verdict"]) for score in card["scores"]] == [
        (incident.id, "call a person", "abstained")
    ]
    assert (card["judged"], card["precision"]) == (1, None)
    assert call("/scorecard?service=payments").json()[0]["scores"] == []
    assert call("/scorecard", token="wrong-token-0123456789").status_code == 401
