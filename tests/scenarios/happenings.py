"""The verbs of scenarios: what a line does to the world."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bot.world import story
from tests.scenarios.place import ScenarioWorld
from tests.scenarios.seen import expect, proposals


class Happenings:
    """What a scenario's lines do: the verb names the method, `pass` is `wait`."""

    def __init__(self, world: ScenarioWorld) -> None:
        self.world = world

    def do(self, line: Mapping[str, Any]) -> None:
        [(verb, words)] = line.items()
        action: Callable[[Any], object] = getattr(self, verb if verb != "pass" else "wait")
        action(words)

    def wait(self, span: str) -> None:
        self.world.pass_time(story.seconds(span))

    def expect(self, words: dict[str, Any]) -> None:
        expect(self.world, words)

    # Git

    def release(self, words: dict[str, str]) -> None:
        self.world.release(**words)

    def push(self, words: dict[str, Any]) -> None:
        self.world.push(story.commit(words, self.world.clock.now()))

    def push_before_merge(self, words: dict[str, Any]) -> None:
        self.world.forge.before_merge = lambda: self.push(words)

    def automate(self, words: dict[str, str]) -> None:
        self.world.automate(**words)

    # Trouble

    def break_outside(self, words: dict[str, Any]) -> None:
        self.world.break_outside(words["service"], words["share"], story.seconds(words["lasts"]), words.get("environment", "prod"))

    def stuck(self, value: bool) -> None:
        self.world.cluster.stuck = value

    def forge_down(self, value: bool) -> None:
        self.world.forge.down = value

    def git_down(self, value: bool) -> None:
        self.world.repository.down = value  # type: ignore[attr-defined]

    def metrics_down(self, value: bool) -> None:
        self.world.metrics.down = value

    # People

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
