"""Scenarios: a world, what happens in it, and how it must end. Told in YAML under fixtures/scenarios."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.reconciler.sweep import sweep
from bot.records.entry import broken
from bot.world import story
from bot.world.lived import LivedWorld
from bot.world.story import Story

FOLDER = Path(__file__).parents[2] / "fixtures" / "scenarios"
USUAL = {"policy": {"trust": {"prod": "merge"}}}


def told(name: str) -> dict[str, Any]:
    return yaml.safe_load((FOLDER / f"{name}.yaml").read_text())


def a_story(scenario: Mapping[str, Any]) -> Story:
    """The shop, or the repository named, with what this scenario changes of its services, alerts and configuration."""
    path = story.SHOP if "story" not in scenario else FOLDER.parent / "repositories" / f"{scenario['story']}.yaml"
    raw = yaml.safe_load(path.read_text())
    for key, changes in scenario.get("services", {}).items():
        raw["services"][key] |= changes
    raw["alerts"] = scenario.get("alerts", raw["alerts"])
    config = scenario.get("config", USUAL)
    raw["history"][0]["files"][".rollbot.yaml"] = None if config is None else yaml.safe_dump(config)
    if config is None:
        del raw["history"][0]["files"][".rollbot.yaml"]
    return story.read(raw)


class Happenings:
    """What a scenario's lines do to the world."""

    def __init__(self, world: LivedWorld) -> None:
        self.world = world

    def do(self, line: Mapping[str, Any]) -> None:
        [(verb, words)] = line.items()
        action: Callable[[Any], object] = getattr(self, verb if verb != "pass" else "wait")
        action(words)

    def wait(self, span: str) -> None:
        self.world.pass_time(story.seconds(span))

    def live(self, span: str) -> None:
        """Time passes with the sweeps that a server makes, as often as it looks after quarantines."""
        end = self.world.clock.now() + story.seconds(span)
        while self.world.clock.now() < end:
            sweep(self.world.ports())
            self.world.pass_time(min(300.0, end - self.world.clock.now()))

    def release(self, words: dict[str, str]) -> None:
        self.world.release(**words)

    def push(self, words: dict[str, Any]) -> None:
        self.world.push(story.commit(words, self.world.clock.now()))

    def push_before_merge(self, words: dict[str, Any]) -> None:
        self.world.forge.before_merge = lambda: self.push(words)

    def break_outside(self, words: dict[str, Any]) -> None:
        self.world.break_outside(words["service"], words["share"], story.seconds(words["lasts"]))

    def automate(self, words: dict[str, str]) -> None:
        self.world.automate(**words)

    def stuck(self, value: bool) -> None:
        self.world.cluster.stuck = value

    def forge_down(self, value: bool) -> None:
        self.world.forge.down = value

    def conversation_down(self, value: bool) -> None:
        self.world.talk.down = value

    def metrics_down(self, value: bool) -> None:
        self.world.metrics.down = value

    def merge_proposal(self, words: dict[str, str]) -> None:
        [branch] = proposals(self.world)
        self.world.merge(branch)

    def close_proposal(self, words: dict[str, str]) -> None:
        [branch] = proposals(self.world)
        self.world.origin.delete(branch)

    def say(self, words: dict[str, Any]) -> None:
        """Somebody comments: on a pull request by its number, or on an issue."""
        self.world.talk.open_issue("It hangs")
        self.world.say(words.get("pull", 9000), words["text"], words.get("who", "ada"))

    def label(self, words: dict[str, Any]) -> None:
        """Somebody puts a label on an issue, or takes it away."""
        place = self.world.talk.open_issue("Stand still"), words["name"]
        if words.get("who"):
            self.world.talk.labels[place] = words["who"]
        else:
            del self.world.talk.labels[place]

    def expect(self, words: dict[str, Any]) -> None:
        expect(self.world, words)


def proposals(world: LivedWorld) -> list[str]:
    """The branches of ours that are not on the main line yet."""
    pulls = [world.pulls.pull(branch) for branch in world.origin.branches() if branch.startswith("rollbot/")]
    return [pull.branch for pull in pulls if pull and pull.state == "open"]


def ours(world: LivedWorld) -> list[tuple[str, str]]:
    """Commits of ours on the main line, merges by hand included, oldest first: name and message."""
    found = [(sha, world.origin.message(sha)) for sha in world.origin.every()]
    return [(sha, message) for sha, message in found if "\nRollback-" in message]


def expect(world: LivedWorld, words: Mapping[str, Any]) -> None:
    for what, wanted in words.items():
        assert SEEN[what](world, wanted) == wanted, what


def _said(world: LivedWorld, wanted: list[str]) -> list[str]:
    entries = [entry for incident in (*(i.id for i in world.incidents()), "") for entry in world.record(incident)]
    text = "\n".join("\n".join((entry.what, *entry.because)) for entry in entries)
    return [words for words in wanted if words in text]


def _incidents(world: LivedWorld, wanted: list[dict[str, str]]) -> list[dict[str, str]]:
    found = [{"service": str(i.service), "end": str(i.end) if i.end else "open"} for i in world.incidents()]
    return [{key: one[key] for key in (like if like else one)} for one, like in zip(found, [*wanted, *[{}] * len(found)], strict=False)]


def _changed(world: LivedWorld, wanted: list[str]) -> list[str]:
    """The files that our commits changed, but for our own folder."""
    paths = {path for sha, _ in ours(world) for path in world.origin.touched(sha)}
    return sorted(path for path in paths if not path.startswith(".rollbot/"))


def _holds(world: LivedWorld, wanted: dict[str, str]) -> dict[str, str]:
    head = world.origin.head()
    assert head
    texts = {path: (world.origin.read([(head, path)])[0] or b"").decode() for path in wanted}
    return {path: text for path, text in wanted.items() if text in texts[path]}


def _answers(world: LivedWorld, wanted: list[str]) -> list[str]:
    """The first lines of what Rollbot answered, oldest first: as many words of each as are wanted."""
    firsts = [comment.text.splitlines()[0].strip("*") for comment in world.talk.comments if comment.key]
    return [want if want and want in first else first for first, want in zip(firsts, [*wanted, *[""] * len(firsts)], strict=False)]


SEEN: Mapping[str, Callable[[LivedWorld, Any], Any]] = {
    "incidents": _incidents,
    "states": lambda world, _: [str(i.state) for i in world.incidents() if i.ended is None],
    "deployed": lambda world, wanted: {key: world.deployed(*key.split("/")) for key in wanted},
    "healthy": lambda world, wanted: [key for key in wanted if world.healthy(*key.split("/"))],
    "rollbacks": lambda world, _: sum("\nRollback-Undo" not in message for _, message in ours(world)),
    "undos": lambda world, _: sum("\nRollback-Undo" in message for _, message in ours(world)),
    "proposals": lambda world, _: len(proposals(world)),
    "changed": _changed,
    "holds": _holds,
    "said": _said,
    "answers": _answers,
    "notices": lambda world, wanted: wanted if len(world.pager.notices) >= wanted else len(world.pager.notices),
}


NAMES = sorted(path.stem for path in FOLDER.glob("*.yaml"))


@pytest.mark.parametrize("name", NAMES)
def test_scenario(name: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    scenario = told(name)
    with LivedWorld(a_story(scenario), tmp_path) as world:
        if "repeat" in scenario:
            world.metrics.manners.repeat = float(scenario["repeat"].rstrip("s"))
        happenings = Happenings(world)

        for line in scenario["happens"]:
            happenings.do(line)

        expect(world, scenario["ends"])
        for incident in world.incidents():
            assert broken(world.record(incident.id), incident.last, incident.entries) is None
        assert [record.message for record in caplog.records if record.levelno >= logging.ERROR] == []
