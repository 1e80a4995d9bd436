"""What stands at the forge: brought there when it changed, once, and never in a rollback's way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from bot.changes.change import PullRequest
from bot.errors import Refused
from bot.reconciler.telling import supersede
from bot.records.entry import broken
from bot.refs import Instant, Sha
from bot.signals.signal import Command, Discussion, Reaction, Role, Thread
from bot.world import story
from bot.world.lived import LivedWorld

CULPRIT = 231


@pytest.fixture
def world(tmp_path: Path) -> Iterator[LivedWorld]:
    raw = yaml.safe_load(story.SHOP.read_text())
    raw["alerts"]["HighErrorRate"] |= {"window": "1m", "for": "15s"}
    rules = {"policy": {"trust": {"prod": "merge"}}, "outcomes": {"settle": "15s", "soak": "1m"}}
    raw["history"][0]["files"][".rollbot.yaml"] = yaml.safe_dump(rules)
    with LivedWorld(story.read(raw), tmp_path) as lived:
        yield lived


def live(world: LivedWorld) -> None:
    world.release("checkout", "2.8.0", message=f"Update checkout (#{CULPRIT})\n")
    world.pass_time(240)
    world.settle(3600)


def said(world: LivedWorld) -> list[str]:
    incident = world.incident()
    assert incident and broken(world.record(incident.id), incident.last, incident.entries) is None
    return [entry.what for entry in world.record(incident.id)]


def test_a_comment_is_written_only_when_its_text_has_changed(world: LivedWorld) -> None:
    live(world)

    texts = [(number, key, text) for number, key, text in world.forge.comments]
    assert len(texts) == len(set(texts))
    assert {key.partition(":")[2] for _, key, _ in texts} == {"1", "culprit:1", "end"}


def test_a_forge_that_takes_no_comments_stops_nothing_and_is_told_of_once(world: LivedWorld) -> None:
    world.forge.refuses = "403: this conversation is locked"

    live(world)

    ended = world.incident()
    assert ended and str(ended.end) == "recovered"
    refused = [what for what in said(world) if what.startswith("the forge did not take")]
    assert len(refused) == len(set(refused)) == 4  # the status comment, the last word, the culprit's, the commit's status


def test_a_comment_that_was_refused_is_brought_when_there_is_news(world: LivedWorld) -> None:
    world.forge.refuses = "403: not yet"
    world.release("checkout", "2.8.0", message=f"Update checkout (#{CULPRIT})\n")
    world.pass_time(200)
    assert world.forge.comments == [] and world.incident()
    world.forge.refuses = None

    world.settle(3600)

    assert {number for number, _, _ in world.forge.comments} == {1, CULPRIT}


def test_the_last_word_waits_for_a_forge_that_is_away(world: LivedWorld) -> None:
    world.release("checkout", "2.8.0", message=f"Update checkout (#{CULPRIT})\n")
    while not (world.incident() and str(world.incident().state) == "arrived"):  # type: ignore[union-attr]
        world.pass_time(15)
    world.forge.down = True
    world.pass_time(1200)
    waiting = world.incident()
    assert waiting and waiting.ended is None
    world.forge.down = False

    world.settle(3600)

    assert world.forge.comments[-1][2].startswith("**prod/checkout: recovered")


def test_somebody_s_open_fix_makes_it_a_proposal_that_names_it(world: LivedWorld) -> None:
    path = "apps/checkout/overlays/prod/kustomization.yaml"
    world.forge.people[path] = PullRequest(232, "ada/fix", "main", Sha("f" * 40), "open")

    world.release("checkout", "2.8.0")
    world.pass_time(240)

    [change] = world.forge.opened.values()
    assert "Merges by itself: no, because pull request 232 (ada/fix), moved since" in change.body.replace("\\", "")
    assert world.desired("checkout") == "2.8.0"


def test_the_comment_of_a_pull_request_that_is_replaced_says_so(world: LivedWorld) -> None:
    path = "apps/checkout/overlays/prod/kustomization.yaml"
    world.forge.people[path] = PullRequest(232, "ada/fix", "main", Sha("f" * 40), "open")
    world.release("checkout", "2.8.0")
    world.pass_time(240)
    [incident] = world.incidents()
    pull = world.forge.find(incident.action.branch)
    assert pull and len(world.pulls.comments(pull.number)) == 1

    supersede(incident, pull, world.ports())
    supersede(incident, replace(pull, number=99), world.ports())

    [text] = world.pulls.comments(pull.number).values()
    assert text.startswith("**Replaced by `rollbot/prod/checkout/")
    assert world.pulls.comments(99) == {}  # nothing stood there


class Talk:
    """Conversations of a forge where pull request 231 merged some commit."""

    def __init__(self, found: Discussion | None) -> None:
        self.found = found
        self.asked: list[Thread] = []

    def role(self, login: str) -> Role:
        return Role.NONE

    def member(self, login: str, team: str) -> bool:
        return False

    def ours(self, actor_id: int) -> bool:
        return False

    def discussion(self, thread: Thread) -> Discussion:
        self.asked.append(thread)
        if self.found is None:
            raise Refused("404: there is none")
        return self.found

    def react(self, thread: Thread, comment: int, reaction: Reaction) -> None:
        """Nobody looks."""

    def reply(self, thread: Thread, key: str, text: str) -> None:
        """Nobody listens."""

    def commands(self, since: Instant) -> Sequence[Command]:
        return ()


MERGED = Discussion("Update checkout", True, "merged", "fluxcdbot")


@pytest.mark.parametrize(
    ("found", "told"),
    [
        pytest.param(MERGED, True, id="a merged pull request"),
        pytest.param(replace(MERGED, merge="b" * 40), False, id="it merged another commit"),
        pytest.param(replace(MERGED, state="open"), False, id="it is open: another's number"),
        pytest.param(replace(MERGED, pull=False), False, id="an issue of that number"),
        pytest.param(None, False, id="there is none"),
    ],
)
def test_only_the_pull_request_that_merged_it_is_told(world: LivedWorld, found: Discussion | None, told: bool) -> None:
    talk = Talk(found)
    world._ports = replace(world.ports(), conversation=talk)

    live(world)

    assert (CULPRIT in {number for number, _, _ in world.forge.comments}) is told
    assert any("which released it" in what for what in said(world)) is not told
    assert {thread.number for thread in talk.asked} == {CULPRIT}
