"""What wakes somebody up, whole: eight short lines, and nothing in it that a stranger could break."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from inline_snapshot import snapshot

from bot.incidents.incident import Action, Incident, Kind, Symptom
from bot.incidents.lifecycle import End, State
from bot.records.pages import LINE, TITLE, page, title
from bot.refs import ServiceRef, Sha
from bot.signals.signal import Asked
from tests.changes.rendering import TEXT

CHECKOUT = ServiceRef("git.example/shop", "prod", "checkout")
BAD = Sha("ab12cd34" * 5)
URL = "https://git.example/shop/pull/7"
SUSPICION = {"suspects": [{"version": "1.4.0", "commit": BAD, "why": "live 4 minutes before it began", "sure": False}]}


def an_action(**more: Any) -> Action:
    return Action(Kind.ROLLBACK, BAD, **({"version": "1.4.0", "to": "1.3.9", "mode": "propose", "pull": 7, "url": URL} | more))


def an_incident(state: State, *actions: Action, **more: Any) -> Incident:
    symptom = Symptom("k", "alertmanager", "HighErrorRate", {}, 9840.0, "critical", "31 % of requests fail")
    return Incident("prod-checkout-1", CHECKOUT, 9900.0, state, (symptom,), actions=actions, **more)


def test_a_pull_request_that_waits_for_a_person() -> None:
    told = page(an_incident(State.PROPOSED, an_action()), "trust in prod goes no further than propose", SUSPICION, talks=True)

    assert told == snapshot("""\
Alert: HighErrorRate (critical) since 02:44 UTC: 31 % of requests fail
Why: trust in prod goes no further than propose
Suspect: 1.4.0 (ab12cd34), not certain: live 4 minutes before it began
Done: pull request 7 (1.4.0 → 1.3.9) waits for a person
To go on: /rollback approve, or merge it
To stop: /rollback cancel or a file .rollbot/stop on the branch
https://git.example/shop/pull/7\
""")


def test_it_merged_and_that_did_not_help() -> None:
    undo = Action(Kind.UNDO, Sha("c" * 40), version="1.4.0", to="1.3.9", mode="merge")
    rolled = an_action(mode="merge", commit=Sha("c" * 40), helped=False)

    told = page(an_incident(State.DECIDED, rolled, undo), "3 of 3 samples are as bad as before", SUSPICION, talks=True)

    assert told == snapshot("""\
Alert: HighErrorRate (critical) since 02:44 UTC: 31 % of requests fail
Why: 3 of 3 samples are as bad as before
Suspect: 1.4.0 (ab12cd34), not certain: live 4 minutes before it began
Done: 1.4.0 → 1.3.9 by pull request 7, no help
To stop: /rollback undo or a file .rollbot/stop on the branch
https://git.example/shop/pull/7\
""")


def test_nobody_can_tell_and_a_person_has_to_go_on() -> None:
    incident = an_incident(State.ENDED, end=End.ESCALATED, why="no release was live when it began", ended=10_000.0)

    told = page(incident, incident.why, {"suspects": []}, talks=False)

    assert told == snapshot("""\
Alert: HighErrorRate (critical) since 02:44 UTC: 31 % of requests fail
Why: no release was live when it began
Suspect: no release
Done: nothing was changed\
""")


def test_recovered() -> None:
    rolled = an_action(mode="merge", commit=Sha("c" * 40), helped=True)
    incident = an_incident(State.ENDED, rolled, end=End.RECOVERED, why="1.4.0 was rolled back and that helped", ended=10_000.0)

    told = page(incident, incident.why, SUSPICION, talks=True)

    assert told == snapshot("""\
Alert: HighErrorRate (critical) since 02:44 UTC: 31 % of requests fail
Why: 1.4.0 was rolled back and that helped
Suspect: 1.4.0 (ab12cd34), not certain: live 4 minutes before it began
Done: 1.4.0 → 1.3.9 by pull request 7, helped
To take it back: /rollback undo
https://git.example/shop/pull/7\
""")


def test_what_a_person_asked_for_on_a_forge_without_comments() -> None:
    request = Asked("r", "ada", 9800.0, service="checkout", reason="it hangs")
    incident = Incident(
        "i", CHECKOUT, 9900.0, State.MERGED, request=request, actions=(an_action(commit=Sha("c" * 40), pull=None, url=None),)
    )

    told = page(incident, "not arrived after 15 minutes", {}, talks=False)

    assert told == snapshot("""\
Asked for by ada: it hangs
Why: not arrived after 15 minutes
Done: 1.4.0 → 1.3.9
To stop: a file .rollbot/stop on the branch\
""")


@pytest.mark.parametrize("state", list(State))
@given(text=TEXT)
def test_whatever_strangers_wrote_it_is_a_few_printable_lines(state: State, text: str) -> None:
    symptom = Symptom("k", "alertmanager", text, {}, 9840.0, text, text)
    incident = Incident("i", CHECKOUT, 1.0, state, (symptom,) * 3, actions=(an_action(version=text, to=text, url=None),), why=text)

    told = page(incident, text, {"suspects": [{"version": text, "commit": "x", "why": text, "chance": 0.5}] * 3}, talks=True)

    assert len(told.split("\n")) <= 8 and all(len(line) <= LINE and line.isprintable() for line in told.split("\n"))
    assert len(title(text)) <= TITLE and title(text).isprintable()
