"""The verbs of scenarios: what a line does to the world."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bot.changes.change import Blocked, PullRequest
from bot.reconciler.sweep import sweep
from bot.refs import Sha
from bot.world import people, story
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

    def release_in_one(self, words: dict[str, Any]) -> None:
        """One commit sets several services' versions, and whatever else it says."""
        now, files = self.world.clock.now(), dict(words.get("files", {}))
        for key, version in words["versions"].items():
            told = people.bump(self.world.origin, self.world.story.service(*key.split("/")), version, people.FLUX, now)
            assert told, f"{key} is on {version} already"
            files |= told.files
        self.world.push(story.commit({**words, "files": files}, now))

    def automate(self, words: dict[str, Any]) -> None:
        self.world.automate(**words | {"older": tuple(words.get("older", ()))})

    def newest(self, words: dict[str, str]) -> None:
        """A new version is built, and the automations of its service see it."""
        for automation in self.world.automations:
            if automation.service.name == words["service"]:
                automation.newest = words["version"]

    # Trouble

    def break_outside(self, words: dict[str, Any]) -> None:
        self.world.break_outside(words["service"], words["share"], story.seconds(words["lasts"]), words.get("environment", "prod"))

    def stuck(self, value: bool) -> None:
        self.world.cluster.stuck = value

    def live(self, span: str) -> None:
        """Time passes as often in turn with the sweep as a server looks after quarantines."""
        end = self.world.clock.now() + story.seconds(span)
        while self.world.clock.now() < end:
            sweep(self.world.ports())
            self.world.pass_time(min(300.0, end - self.world.clock.now()))

    def conversation_down(self, value: bool) -> None:
        self.world.talk.down = value

    def label(self, words: dict[str, Any]) -> None:
        """Somebody puts a label on an issue, or takes it away."""
        place = self.world.talk.open_issue("Stand still"), words["name"]
        if words.get("who"):
            self.world.talk.labels[place] = words["who"]
        else:
            del self.world.talk.labels[place]

    def forge_down(self, value: bool) -> None:
        self.world.forge.down = value

    def git_down(self, value: bool) -> None:
        self.world.repository.down = value  # type: ignore[attr-defined]

    def forge_blocks(self, by: str | None) -> None:
        """Its rules want somebody else's doing before it merges."""
        self.world.forge.blocks = Blocked(by, waiting=False) if by else None

    def forge_waits(self, by: str | None) -> None:
        """It would merge later, by itself."""
        self.world.forge.blocks = Blocked(by, waiting=True) if by else None

    def store_down(self, value: bool) -> None:
        self.world.store_down = value

    def cluster_goes_back(self, words: dict[str, str]) -> None:
        self.world.go_back(words["service"])

    def registry(self, words: dict[str, Any]) -> None:
        """Images are deleted from it by tag, or it does not answer."""
        self.world.registry.gone = tuple(words.get("gone", self.world.registry.gone))
        self.world.registry.down = words.get("down", False)

    # Rollbot's own

    def kill(self, after: int) -> None:
        """It dies after so many effects, and is started again."""
        self.world.dies_after = after

    def away(self, value: bool) -> None:
        self.world.alive = not value

    def clock_jumps(self, span: str) -> None:
        self.world.clock.advance(story.seconds(span))

    # Alerts

    def hold_alerts(self, value: bool) -> None:
        """The network holds alerts back; once it does not, they come newest first, each twice."""
        held, self.world.held = self.world.held, [] if value else None
        for payload in reversed(held or []):
            self.world.hear(payload)
            self.world.hear(payload)

    def storm(self, pods: int) -> None:
        self.world.storm(pods)

    def metrics_down(self, value: bool) -> None:
        self.world.metrics.down = value

    # People

    def merge_proposal(self, words: dict[str, str]) -> None:
        [branch] = proposals(self.world)
        self.world.merge(branch)

    def open_pull(self, words: dict[str, Any]) -> None:
        """Somebody has a pull request open that touches a file."""
        pull = PullRequest(words["number"], words["branch"], self.world.story.branch, Sha("0" * 40), "open")
        self.world.forge.people[words["path"]] = pull

    def close_proposal(self, words: dict[str, str]) -> None:
        [branch] = proposals(self.world)
        self.world.origin.delete(branch)

    def say(self, words: dict[str, Any]) -> None:
        """Somebody comments: on a pull request by its number, or on an issue."""
        self.world.talk.open_issue("It hangs")
        self.world.say(words.get("pull", 9000), words["text"], words.get("who", "ada"))
