"""What stands at the forge of an incident, state by state; nobody's text in it does anything."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings

from bot.incidents.incident import Action, Incident, Kind, Symptom
from bot.incidents.lifecycle import End, State
from bot.records.comments import Said, culprit, mark, notice, replaced, status, told_of
from bot.records.entry import Stage
from bot.refs import ServiceRef, Sha
from bot.signals.signal import Asked
from tests.changes.rendering import TEXT, harmless

CHECKOUT = ServiceRef("git.example/shop", "prod", "checkout")
SAID = (
    Said(60.0, Stage.SIGNAL, "opened", ()),
    Said(120.0, Stage.DECISION, "roll back 1.4.0", ("it was live",), 1),
    Said(180.0, Stage.PLAN, "merge: 1.4.0 → 1.3.9", ()),
    Said(240.0, Stage.CHANGE, "pull request 7 is open", ()),
    Said(300.0, Stage.CHANGE, "the forge does not merge it yet", ("required check build",)),
)
URL = "https://git.example/shop/pull/7"


def an_action(**more: Any) -> Action:
    fields: dict[str, Any] = {"version": "1.4.0", "to": "1.3.9", "mode": "merge", "branch": "b", "pull": 7, "url": URL, "culprit": 3}
    return Action(Kind.ROLLBACK, Sha("b" * 40), **(fields | more))


def an_incident(state: State = State.PROPOSED, *actions: Action, **more: Any) -> Incident:
    symptom = Symptom("k", "alertmanager", "Errors", {}, 100.0, summary="it fails")
    return Incident("i", CHECKOUT, 110.0, state, (symptom,), actions=actions or (an_action(),), **more)


def ended(how: End, why: str = "so it is", **more: Any) -> Incident:
    return an_incident(State.ENDED, an_action(**more), end=how, why=why, ended=660.0)


MERGED = {"commit": Sha("c" * 40), "merged": 360.0}
UNDO = Action(Kind.UNDO, Sha("c" * 40), version="1.4.0", to="1.3.9", mode="merge", pull=8)


@pytest.mark.parametrize(
    ("incident", "line", "command"),
    [
        pytest.param(
            an_incident(State.ADMITTED),
            "**Planned.** `checkout` in `prod` goes from `1.4.0` back to `1.3.9` as soon as",
            "cancel",
            id="planned",
        ),
        pytest.param(an_incident(), "**Merging.** Since 00:04 UTC. `checkout` in `prod` goes", "cancel", id="the forge is asked"),
        pytest.param(
            an_incident(State.PROPOSED, an_action(mode="propose")),
            "**Waiting for a person.** Since 00:04 UTC.",
            "approve",
            id="a person is asked",
        ),
        pytest.param(an_incident(State.MERGED, an_action(**MERGED)), "**Merged: `checkout` in `prod` goes", "undo", id="merged"),
        pytest.param(an_incident(State.MERGED, an_action(by_person=True, **MERGED)), "**A person merged it: ", "undo", id="by a person"),
        pytest.param(
            an_incident(State.MERGED, an_action(by_person=True, approved="ada", **MERGED)),
            "**Merged, as `ada` approved: `checkout` in `prod` goes",
            "undo",
            id="as somebody approved",
        ),
        pytest.param(an_incident(State.ARRIVED, an_action(**MERGED, arrived=420.0)), "**The cluster runs it: ", "undo", id="arrived"),
        pytest.param(ended(End.RECOVERED, **MERGED), "**Recovered.** Since 00:11 UTC. Why: so it is.", "undo", id="recovered"),
        pytest.param(ended(End.UNPROVEN, **MERGED), "**Rolled back; whether that helped nobody can prove.**", "undo", id="unproven"),
        pytest.param(ended(End.DONE, **MERGED), "**Done as asked.**", "undo", id="done"),
        pytest.param(ended(End.RESOLVED), "**The symptom went by itself: nothing was changed.**", None, id="resolved"),
        pytest.param(ended(End.DECLINED), "**Not done.**", None, id="declined"),
        pytest.param(ended(End.CLOSED), "**Closed by a person: it is not proposed again", None, id="closed"),
        pytest.param(ended(End.ESCALATED), "**A person has to go on from here.**", None, id="escalated"),
        pytest.param(ended(End.CANCELLED), "**Cancelled by a person.**", None, id="cancelled"),
    ],
)
def test_the_first_line_is_the_state_and_the_way_on_can_be_copied(incident: Incident, line: str, command: str | None) -> None:
    text = status(incident, 1, SAID)

    assert text.startswith(line)
    assert ("```text" in text) is bool(command)
    assert command is None or f"```text\n/rollback {command}\n```" in text
    assert "00:05 UTC: the forge does not merge it yet" in text and "opened" not in text
    harmless(text)


@pytest.mark.parametrize(
    ("second", "line"),
    [
        pytest.param(replace(UNDO, pull=None), "**Being taken back.** Since 00:05 UTC. The rollback did not help.", id="decided"),
        pytest.param(UNDO, "**Being taken back.** Since 00:05 UTC. The rollback did not help, in #8.", id="proposed"),
        pytest.param(replace(UNDO, **MERGED), "**Taken back.** Since 00:06 UTC. Every byte is as it was before, in #8.", id="merged"),
    ],
)
def test_a_rollback_s_comment_says_what_became_of_it(second: Action, line: str) -> None:
    incident = an_incident(State.DECIDED, an_action(helped=False, **MERGED), second)

    later = Said(900.0, Stage.DECISION, "undo the rollback of 1.4.0", (), 2)
    text = status(incident, 1, (*SAID, later))

    assert text.startswith(line)
    assert "undo the rollback" not in text and "undo the rollback" in status(incident, 2, (*SAID, later))


@pytest.mark.parametrize(
    ("incident", "line"),
    [
        pytest.param(
            an_incident(State.MERGED, an_action(**MERGED)),
            "which this pull request released, to `1.3.9`.** Whether that helps is being watched.",
            id="just merged",
        ),
        pytest.param(ended(End.RECOVERED, **MERGED), "to `1.3.9`.** That helped: the symptom ended.", id="helped"),
        pytest.param(ended(End.ESCALATED, **MERGED), "to `1.3.9`.** How that ended: escalated, so it is.", id="a person goes on"),
        pytest.param(
            an_incident(State.PROPOSED, an_action(helped=False, **MERGED), UNDO),
            "It did not help and is being taken back.",
            id="being undone",
        ),
        pytest.param(
            an_incident(State.MERGED, an_action(helped=False, **MERGED), replace(UNDO, **MERGED)),
            "was taken back: it runs again.**\n\nThe rollback did not help, so this release was not it.",
            id="undone",
        ),
        pytest.param(
            an_incident(State.MERGED, an_action(**MERGED), replace(UNDO, **MERGED)), "A person took it back.", id="undone by a person"
        ),
    ],
)
def test_the_culprit_is_told_what_why_and_how_to_land_again(incident: Incident, line: str) -> None:
    text = culprit(incident, 1, SAID)

    assert line in text
    assert "[#7](https://git.example/shop/pull/7)" in text
    if "taken back: it runs" not in line and "A person took" not in line:
        assert "- it was live" in text and "/rollback allow 1.4.0" in text and "`rollbot guard`" in text


@pytest.mark.parametrize(
    ("incident", "state", "text"),
    [
        pytest.param(an_incident(State.MERGED, an_action(**MERGED)), "failure", "rolled back in prod to 1.3.9", id="rolled back"),
        pytest.param(ended(End.RECOVERED, **MERGED), "failure", "rolled back in prod to 1.3.9, and that helped", id="helped"),
        pytest.param(
            an_incident(State.MERGED, an_action(helped=False, **MERGED), replace(UNDO, **MERGED)),
            "success",
            "the rollback of 1.4.0 was taken back: it did not help",
            id="undone",
        ),
        pytest.param(
            an_incident(State.MERGED, an_action(to="x\n" * 200, **MERGED)),
            "failure",
            f"rolled back in prod to {'x ' * 57}x …"[:139] + "…",
            id="long",
        ),
    ],
)
def test_the_bad_commit_s_status(incident: Incident, state: str, text: str) -> None:
    found = mark(incident, 1)

    assert (found.context, found.state, found.text) == ("rollbot/prod/checkout", state, text)
    assert len(found.text) <= 140


@pytest.mark.parametrize(("how", "told"), [(End.RECOVERED, True), (End.ESCALATED, True), (End.CLOSED, False), (End.CANCELLED, False)])
def test_who_stopped_it_needs_no_new_comment(how: End, told: bool) -> None:
    assert told_of(ended(how)) is told


@settings(max_examples=100, deadline=None)
@given(TEXT)
def test_nobodys_text_breaks_out_of_a_comment(text: str) -> None:
    action = an_action(version=text, to=text, branch=text, url=f"https://x/{text}", pull=None, **MERGED)
    symptom = Symptom("k", "s", text, {}, 1.0, summary=text)
    service = ServiceRef(text, text, text)
    said = [Said(1.0, Stage.DECISION, text, (text,), 1), Said(2.0, Stage.CHANGE, text, (text,) * 9)]
    incident = Incident("i", service, 1.0, State.ENDED, (symptom,), actions=(action,), end=End.ESCALATED, why=text, ended=5.0)
    asked = replace(incident, request=Asked("k", text, 1.0, reason=text))

    for each in (incident, asked):
        harmless(status(each, 1, said))
        harmless(culprit(each, 1, said))
        harmless(notice(each, text, text))
        assert mark(each, 1).text.isprintable()
    harmless(replaced(text))


@pytest.mark.parametrize("url", ["javascript:x", "https://x/)](y", "https://x/ y", "https://x/<b>"])
def test_a_link_that_could_be_more_is_none(url: str) -> None:
    assert url not in culprit(an_incident(State.MERGED, an_action(url=url, **MERGED)), 1, SAID)


@pytest.mark.parametrize(
    ("mode", "command"), [pytest.param("merge", "cancel", id="merged when it may be"), pytest.param("propose", "approve", id="by a person")]
)
def test_what_waits_for_no_approval_of_ours_offers_none(mode: str, command: str) -> None:
    text = notice(an_incident(State.PROPOSED, an_action(mode=mode)), "the rollback waits", "a review")

    assert f"```text\n/rollback {command}\n```" in text
