"""Conversations at GitHub, through the real door and the real client: one branch, one pull request, one answer each."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.github.packages import Unobtainable, package
from tests.github.server import FakeGitHub
from tests.github.town import NAME, Town, a_town


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.upper().startswith("ROLLBOT_"):
            monkeypatch.delenv(name)


@pytest.fixture
def hub() -> Iterator[FakeGitHub]:
    with FakeGitHub() as started:
        yield started


@pytest.fixture
def town(hub: FakeGitHub, tmp_path: Path) -> Iterator[Town]:
    made = a_town(hub, tmp_path)
    with made.serving():
        yield made


def once(town: Town) -> int:
    """One branch, one pull request with one comment that follows it, one answer where it was asked for."""
    assert len(town.branches()) == 1
    [number] = town.proposals()
    assert town.hub.pull(NAME, number).state == "open"
    assert [len(town.answers(number)), len(town.answers(town.release))] == [1, 1]
    return number


def test_on_a_merged_pull_request(town: Town) -> None:
    said = town.say(town.release, "/rollback because it hangs")

    number = once(town)
    [incident] = town.incidents()
    assert town.answers(town.release) == [
        f"**[#{number}]({incident.action.url}) is open: `checkout` in `prod` goes from `{incident.action.version}` "
        f"back to `{incident.action.to}` once it is merged.**\n\n```text\n/rollback approve\n```\n\n"
        f"Say that there or here; `/rollback cancel` closes it.\nIts record is `{incident.id}`.\n"
    ]
    assert town.pictures(said) == ["rocket"]


def test_on_an_issue_with_a_service(town: Town) -> None:
    issue = town.hub.open_issue(NAME, "It hangs", "eve")
    said = town.say(issue, "/rollback checkout to 2.6.0 in prod")

    assert (len(town.branches()), len(town.proposals()), len(town.answers(issue)), town.pictures(said)) == (1, 1, 1, ["rocket"])


@pytest.mark.parametrize(
    ("speak", "picture", "answer"),
    [
        pytest.param(
            lambda town: town.say(town.hub.open_issue(NAME, "It hangs", "eve"), "/rollback"),
            ["confused"],
            "**Nothing is done.**\n\n- on an issue a rollback needs a service\n\n"
            "```text\n/rollback SERVICE in ENVIRONMENT\n/rollback help\n```\n",
            id="on an issue without a service",
        ),
        pytest.param(
            lambda town: town.say(town.release, "/rollback", "eve"),
            ["-1"],
            "**Nothing is done.**\n\n- it takes the role write in the manifests repository; eve has read\n",
            id="by a reader",
        ),
        pytest.param(
            lambda town: town.say(town.release, "/rollback", "mallory"),
            ["-1"],
            "**Nothing is done.**\n\n- it takes the role write in the manifests repository; mallory has none\n",
            id="by an outsider",
        ),
        pytest.param(
            lambda town: town.say(town.release, "/rollback", "lin"),
            ["-1"],
            "**Nothing is done.**\n\n- it takes the role write in the manifests repository; lin has triage\n",
            id="by one who may only stop",
        ),
        pytest.param(lambda town: town.say(town.release, "/rollback", "renovate[bot]"), [], None, id="by a bot"),
        pytest.param(lambda town: town.say(town.release, "/rollback", "robot"), [], None, id="by our own account"),
        pytest.param(lambda town: town.say(town.release, "/rollback", action="edited"), [], None, id="edited"),
        pytest.param(lambda town: town.say(town.release, "So:\n```\n/rollback\n```"), [], None, id="in a code block"),
        pytest.param(lambda town: town.say(town.release, "> /rollback"), [], None, id="quoted"),
        pytest.param(lambda town: town.say(town.release, "/rollback $(id)"), ["confused"], "", id="a shell's words"),
        pytest.param(lambda town: town.say(town.release, "/rollback @everyone"), ["confused"], "", id="a mention"),
        pytest.param(lambda town: town.say(town.release, "/rollback " + "a" * 60_000), ["confused"], "", id="60 kB"),
    ],
)
def test_who_and_what_is_not_obeyed(town: Town, speak: Callable[[Town], int], picture: list[str], answer: str | None) -> None:
    said = speak(town)

    found = [text for number in town.hub.repos[NAME].items for text in town.answers(number)]
    if "rocket" not in picture:
        assert (town.branches(), town.proposals()) == ([], [])
    assert town.pictures(said) == picture
    assert found == ([] if answer is None else [answer]) if answer != "" else found
    assert not any("@everyone" in text.replace("`/rollback @everyone`", "") for text in found)


def test_twice_by_redelivery_and_by_the_sweep(town: Town) -> None:
    town.sweep()
    said = town.say(town.release, "/rollback")
    town.knock(town.release, said)
    town.settle()
    town.ports.store.keep(f"heard:{town.ports.repository.name}", b"0.0")
    town.sweep()

    once(town)


def test_found_by_the_sweep_alone(town: Town) -> None:
    town.sweep()
    said = town.say(town.release, "/rollback", heard=False)
    town.ports.store.keep(f"heard:{town.ports.repository.name}", b"1000000000.0")
    town.sweep()

    once(town)
    assert town.pictures(said) == ["rocket"]


def test_our_own_account_is_known_by_its_number_and_its_words_are_not_obeyed(town: Town) -> None:
    town.say(town.release, "/rollback", "robot")
    town.hub.users["robot"] = (9999, "User")  # the login is somebody else's now; ours was known before
    town.hub.users["tom"] = (9001, "User")
    town.say(town.release, "/rollback", "tom")
    town.sweep()

    assert (town.branches(), town.proposals(), town.answers(town.release)) == ([], [], [])
    assert [entry.what for entry in town.ports.store.entries("")] == [
        "a comment of robot is not obeyed",
        "a comment of tom is not obeyed",
    ]


def test_out_of_order(town: Town) -> None:
    early = town.say(town.release, "/rollback approve")
    first, second = (town.say(town.release, "/rollback", who, heard=False) for who in ("ada", "tom"))
    town.knock(town.release, second)
    town.knock(town.release, first)
    town.settle()

    assert (len(town.branches()), len(town.proposals()), town.pictures(early)) == (1, 1, ["confused"])
    assert len(town.answers(town.release)) == 3


def test_after_a_restart(hub: FakeGitHub, tmp_path: Path) -> None:
    town = a_town(hub, tmp_path)
    with town.serving():
        said = town.say(town.release, "/rollback", heard=False)
        town.knock(town.release, said)
    with town.serving():
        town.settle()
        number = once(town)
        town.knock(town.release, said)
        town.settle()
    with town.serving():
        town.settle()
        assert once(town) == number


@pytest.mark.parametrize("write", ["issues/comments/\\d+/reactions", "issues/\\d+/comments", "/pulls$", "git/refs"])
@pytest.mark.parametrize("kind", ["502_after", "cut_after", "cut_before"])
def test_where_an_answer_is_lost(town: Town, write: str, kind: str) -> None:
    town.hub.fault(f"POST .*{write}", kind)
    town.say(town.release, "/rollback")
    for _ in range(3):
        for key in (*(incident.id for incident in town.incidents()), f"inbox:{town.ports.repository.name}"):
            town.ports.queue.enqueue(key, town.ports.clock.now())
        town.settle()

    once(town)


def test_approved_and_merged(town: Town) -> None:
    town.say(town.release, "/rollback")
    number = once(town)
    yes = town.say(number, "/rollback approve", "tom")
    town.settle()

    pull = town.hub.pull(NAME, number)
    assert (pull.merged, town.pictures(yes), '"2.7.0"' in town.prod()) == (True, ["rocket"], True)
    assert f"tom approves commit {pull.sha[:12]}" in town.answers(number)[-1]
    assert town.answers(town.release)[0].startswith(f"**Merged [#{number}]")


def test_a_branch_that_a_person_pushed_to_is_not_approved(town: Town) -> None:
    town.say(town.release, "/rollback")
    number = once(town)
    theirs = town.hub.push(NAME, town.branches()[0], {"NOTES.md": "better\n"}, "tom")
    said = town.say(number, "/rollback approve")

    assert (town.hub.pull(NAME, number).merged, town.pictures(said)) == (False, ["-1"])
    assert town.hub.repos[NAME].head(town.branches()[0]) == theirs


def test_cancelled_by_one_who_may_stop(town: Town) -> None:
    town.say(town.release, "/rollback")
    number = once(town)
    said = town.say(number, "/rollback cancel", "lin")

    pull = town.hub.pull(NAME, number)
    assert (pull.state, pull.merged, town.pictures(said)) == ("closed", False, ["rocket"])


def test_github_s_own_examples_are_taken_or_ignored_with_a_reason(town: Town) -> None:
    try:
        examples = json.loads((package("webhooks-examples") / "api.github.com" / "index.json").read_text())
    except Unobtainable as error:
        pytest.skip(str(error))

    statuses = Counter(town.deliver(event["name"], example) for event in examples for example in event["examples"])

    assert set(statuses) == {202}, statuses
    assert statuses[202] > 250
