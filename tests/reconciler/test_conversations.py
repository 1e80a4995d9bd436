"""People talk to Rollbot: whatever they say, however often and in whatever order, it is done once and answered once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.reconciler.sweep import sweep
from bot.signals.signal import Reaction, Thread
from bot.world.lived import LivedWorld
from bot.world.talk import Comment
from tests.reconciler.talking import HOUR, RELEASE, a_world, answer, once, only, picture, proposals, proposed


@pytest.fixture
def world(tmp_path: Path) -> Iterator[LivedWorld]:
    with a_world(tmp_path, {"policy": {"trust": {"prod": "propose"}}}) as lived:
        yield lived


def test_on_a_merged_pull_request_alone_it_proposes_what_takes_that_release_back(world: LivedWorld) -> None:
    said = proposed(world, "/rollback because it hangs")

    once(world)
    assert (world.talk.seen[0], picture(world, said)) == (Reaction.SEEN, Reaction.DONE)
    incident = only(world)
    assert incident.request and (incident.request.actor, incident.request.reason) == ("ada", "it hangs")
    assert answer(world, said) == (
        f"**#1 is open: `checkout` in `prod` goes from `{incident.action.version}` back to `{incident.action.to}` once it is merged.**\n"
        "\n```text\n/rollback approve\n```\n\n"
        "Say that there or here; `/rollback cancel` closes it.\nIts record is `INCIDENT`.\n"
    )


def test_approved_it_is_merged_and_every_answer_follows(world: LivedWorld) -> None:
    asked = proposed(world)
    yes = world.say(1, "/rollback approve", "tom")
    world.pass_time(900)

    incident = only(world)
    assert (incident.end, incident.action.approved, incident.action.by_person) == ("done", "tom", True)
    assert answer(world, yes).startswith(f"**`prod/checkout`: tom approves commit {incident.action.head[:12]}.**")  # type: ignore[index]
    assert answer(world, asked).startswith("**Done: `checkout` in `prod` goes from")
    [entry] = [entry for entry in world.record() if "approves" in entry.what]
    assert (entry.facts["actor"], entry.facts["head"]) == ("tom", incident.action.head)


@pytest.mark.parametrize(
    ("happens", "picture_of_it"),
    [
        pytest.param(lambda w: w.say(RELEASE, "/rollback", "eve"), Reaction.REFUSED, id="by a reader"),
        pytest.param(lambda w: w.say(RELEASE, "/rollback", "mallory"), Reaction.REFUSED, id="by an outsider"),
        pytest.param(lambda w: w.say(RELEASE, "/rollback", "lin"), Reaction.REFUSED, id="by one who may only stop"),
        pytest.param(lambda w: w.say(RELEASE, "/rollback", "renovate[bot]", "Bot"), None, id="by a bot"),
        pytest.param(lambda w: w.say(RELEASE, "/rollback", action="edited"), None, id="edited"),
        pytest.param(lambda w: w.say(RELEASE, "/rollback", action="deleted"), None, id="deleted"),
        pytest.param(lambda w: w.say(RELEASE, "Like this:\n```\n/rollback\n```"), None, id="in a code block"),
        pytest.param(lambda w: w.say(RELEASE, "> /rollback\n\nWhy?"), None, id="quoted"),
        pytest.param(lambda w: w.say(w.talk.open_issue("It hangs"), "/rollback"), Reaction.UNCLEAR, id="on an issue without a service"),
        pytest.param(lambda w: w.say(w.talk.open_pull(9001), "/rollback"), Reaction.UNCLEAR, id="on an open pull request"),
        pytest.param(lambda w: w.say(w.talk.open_pull(9001, fork=True), "/rollback"), Reaction.UNCLEAR, id="on a fork's pull request"),
        pytest.param(lambda w: w.say(RELEASE, "/rollback $(id)"), Reaction.UNCLEAR, id="a shell's words"),
        pytest.param(lambda w: w.say(RELEASE, "/rollback ../x"), Reaction.UNCLEAR, id="a path"),
        pytest.param(lambda w: w.say(RELEASE, "/rollback " + "a" * 70_000), Reaction.UNCLEAR, id="70 kB"),
        pytest.param(lambda w: w.say(RELEASE, "/rollback nothing in prod"), Reaction.UNCLEAR, id="an unknown service"),
        pytest.param(lambda w: w.say(RELEASE, "/rollback checkout to 9.9.9 in prod"), Reaction.REFUSED, id="an unknown version"),
        pytest.param(lambda w: w.say(RELEASE, "/rollback to 2.5.0"), Reaction.UNCLEAR, id="a version without a service"),
    ],
)
def test_what_must_not_be_carried_out_changes_nothing(
    world: LivedWorld, happens: Callable[[LivedWorld], Comment], picture_of_it: Reaction | None
) -> None:
    said = happens(world)
    world.pass_time(60)

    assert (world.incidents(), proposals(world), picture(world, said)) == ((), [], picture_of_it)
    if picture_of_it is None:
        assert world.talk.answers(said.thread) == []
    else:
        assert len(answer(world, said)) < 1500


@pytest.mark.parametrize(
    ("text", "who", "says"),
    [
        pytest.param(
            "/rollback",
            "eve",
            "**Nothing is done.**\n\n- it takes the role write in the manifests repository; eve has read\n",
            id="right that is missing, and one's own",
        ),
        pytest.param(
            "/rollback checkout",
            "ada",
            "**Nothing is done.**\n\n- checkout fits several services\n\n"
            "```text\n/rollback checkout in prod\n/rollback checkout in staging\n```\n",
            id="choices to copy",
        ),
        pytest.param(
            "/rollback @everyone",
            "ada",
            "**Not understood:** @\u200beveryone is no name: letters, digits, dots, dashes and underscores, and a letter or digit "
            "first.\n\n```text\n/rollback [SERVICE] [to VERSION] [in ENVIRONMENT] [because REASON]\n```\n\n"
            "<details><summary>What was said</summary>\n\n`/rollback @everyone`\n\n</details>\n",
            id="a mention that fires nowhere",
        ),
        pytest.param(
            "/rollback hodl 2h",
            "ada",
            "**Not understood:** 2h is one word too many.\n\nDid you mean `/rollback hold`?\n\n"
            "```text\n/rollback [SERVICE] [to VERSION] [in ENVIRONMENT] [because REASON]\n```\n\n"
            "<details><summary>What was said</summary>\n\n`/rollback hodl 2h`\n\n</details>\n",
            id="the nearest verb",
        ),
        pytest.param(
            "/rollback approve checkout in prod",
            "ada",
            "**Nothing is done.**\n\n- there is no incident of checkout in prod\n",
            id="nothing to approve",
        ),
        pytest.param(
            "/rollback status banana",
            "ada",
            "**Nothing is done.**\n\n- there is no service banana; there are catalogue, checkout, frontend, payments, search\n",
            id="which services there are",
        ),
    ],
)
def test_what_is_answered_names_the_obstacle_and_the_way_out(world: LivedWorld, text: str, who: str, says: str) -> None:
    said = world.say(world.talk.open_issue("It hangs"), text, who)
    world.pass_time(15)

    assert answer(world, said) == says


def test_who_names_no_incident_is_told_which_are_open(world: LivedWorld) -> None:
    proposed(world)
    said = world.say(RELEASE, "/rollback approve please")
    world.pass_time(15)

    assert answer(world, said) == (
        "**Nothing is done.**\n\n- there is no incident of please\n\n```text\n/rollback approve checkout in prod\n```\n"
    )
    assert only(world).action.approved == ""


def test_on_an_issue_with_a_service_it_is_done_and_followed_there(world: LivedWorld) -> None:
    issue = world.talk.open_issue("It hangs")
    world.say(issue, "/rollback checkout to 2.6.0 in prod")
    world.pass_time(30)
    once(world)

    world.say(issue, "/rollback approve")
    world.pass_time(900)

    assert (only(world).end, world.deployed("checkout")) == ("done", "2.6.0")


@pytest.mark.parametrize("again", ["redelivered", "found by the sweep", "both"])
def test_the_same_comment_twice_is_one(world: LivedWorld, again: str) -> None:
    sweep(world.ports())
    world.step()
    said = proposed(world)
    if again != "found by the sweep":
        world.pass_time(1)
        world.brought(said)
    if again != "redelivered":
        world.pass_time(400)
        sweep(world.ports())
    world.pass_time(60)

    once(world)
    assert answer(world, said).startswith("**#1 is open")


def test_two_people_who_say_the_same_get_one_pull_request(world: LivedWorld) -> None:
    first = proposed(world, "/rollback because it hangs")
    second = world.say(RELEASE, "/rollback because it is slow", "tom")
    world.pass_time(60)

    once(world)
    incident = only(world)
    assert incident.request and (incident.request.actor, incident.request.reason) == ("ada", "it hangs")
    assert answer(world, second).startswith("**`ada` asked for the same before: it is one rollback of `prod/checkout`. It is done in #1")
    assert [entry.because for entry in world.record() if entry.what == "tom asks for the same"] == [("it is slow",)]
    world.say(RELEASE, "/rollback approve", "tom")
    world.pass_time(60)
    assert answer(world, first).startswith("**Merged #1, as `tom` approved")


def test_two_people_at_the_same_moment_get_one_pull_request_and_both_an_answer(world: LivedWorld) -> None:
    first, second = world.say(RELEASE, "/rollback"), world.say(RELEASE, "/rollback", "tom")
    world.pass_time(60)

    once(world)
    told = sorted(answer(world, each) for each in (first, second))  # which is heard first is nobody's promise
    assert told[0].startswith("**#1 is open") and "asked for the same before" in told[1]
    assert picture(world, first) is picture(world, second) is Reaction.DONE


def test_approved_before_it_was_asked_for_nothing_is_merged(world: LivedWorld) -> None:
    early = world.say(RELEASE, "/rollback approve")
    world.pass_time(15)
    proposed(world)

    assert picture(world, early) is Reaction.UNCLEAR
    once(world)


def test_what_no_webhook_brought_is_found_by_the_sweep(world: LivedWorld) -> None:
    history = world.talk.write(Thread(world.talk.home, RELEASE), "ada", "/rollback")
    world.pass_time(60)
    sweep(world.ports())
    world.step()
    said = world.talk.write(Thread(world.talk.home, RELEASE), "ada", "/rollback")
    for _ in range(12):
        world.pass_time(60)
        sweep(world.ports())
        world.step()

    once(world)
    assert (picture(world, history), picture(world, said)) == (None, Reaction.DONE)


def test_while_the_forge_is_away_words_wait_and_alerts_do_not(world: LivedWorld) -> None:
    world.talk.down = True
    said = world.say(RELEASE, "/rollback")
    world.release("checkout", "2.8.0")
    world.pass_time(600)
    assert only(world).symptoms and picture(world, said) is None

    world.talk.down = False
    world.pass_time(120)

    assert picture(world, said) is not None and answer(world, said)


def test_words_that_waited_too_long_are_not_carried_out(world: LivedWorld) -> None:
    world.talk.down = True
    said = world.say(RELEASE, "/rollback")
    world.pass_time(1.5 * HOUR)
    world.talk.down = False
    world.pass_time(60)

    assert (world.incidents(), "say it again" in answer(world, said)) == ((), True)


def test_rights_that_cannot_be_told_count_as_none(world: LivedWorld) -> None:
    world.talk.mute = True
    said = world.say(RELEASE, "/rollback")
    world.pass_time(15)

    assert (world.incidents(), picture(world, said), "cannot be told" in answer(world, said)) == ((), Reaction.REFUSED, True)


def test_an_outsider_is_told_once_why_nothing_happens(world: LivedWorld) -> None:
    thread = world.talk.open_issue("It hangs")
    for _ in range(5):
        world.say(thread, "/rollback", "mallory")
        world.pass_time(15)

    assert [each.text for each in world.talk.answers(thread)] == [
        "**Nothing is done.**\n\n- it takes the role write in the manifests repository; mallory has none\n"
    ]


@pytest.mark.parametrize(
    ("people", "who", "done"),
    [
        pytest.param({"teams": {"prod": ["sre"]}}, "tom", True, id="in the team"),
        pytest.param({"teams": {"prod": ["sre"]}}, "ada", False, id="not in the team, though admin"),
        pytest.param({"teams": {"prod": ["sre"]}, "owners": {"prod": ["Ada"]}}, "ada", True, id="an owner"),
        pytest.param({"teams": {"prod": ["gone"]}}, "tom", False, id="a team that is not there"),
        pytest.param({"teams": {"staging": ["sre"]}}, "ada", True, id="of another environment"),
        pytest.param({"act": "maintain"}, "tom", False, id="a higher role"),
    ],
)
def test_environments_are_reserved_to_teams_and_owners(tmp_path: Path, people: dict[str, Any], who: str, done: bool) -> None:
    with a_world(tmp_path, {"policy": {"trust": {"prod": "propose"}}, "people": people}) as world:
        world.talk.teams = {"sre": {"tom"}}
        said = world.say(RELEASE, "/rollback", who)
        world.pass_time(30)

        assert (len(proposals(world)), picture(world, said)) == ((1, Reaction.DONE) if done else (0, Reaction.REFUSED))
