"""What the steps of an incident cost the outside world, and that none of them acts once somebody pressed stop."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.adapters.git.run import Git
from bot.incidents.lifecycle import State
from bot.refs import Instant
from bot.world import story
from bot.world.lived import LivedWorld
from bot.world.story import Story, ToldCommit

ADA = "Ada Byron <ada@shop.example>"


def shop(trust: str) -> Story:
    raw = yaml.safe_load(story.SHOP.read_text())
    raw["alerts"]["HighErrorRate"] |= {"window": "1m", "for": "15s"}
    raw["history"][0]["files"][".rollbot.yaml"] = yaml.safe_dump({"policy": {"trust": {"prod": trust}}})
    return story.read(raw)


class Watched(LivedWorld):
    """`between` is told each piece of work before it is done, in the same instant."""

    def __init__(self, told: Story, folder: Path, between: Callable[[Watched, str], Any]) -> None:
        self.between = between
        super().__init__(told, folder)

    def _work(self, key: str) -> Instant | None:
        self.between(self, key)
        return super()._work(key)

    def state(self, key: str) -> str:
        incident = self.ports().store.incident(key)
        return incident.state if incident else "signal"

    def ours(self) -> list[str]:
        return [branch for branch in self.origin.branches() if branch.startswith("rollbot/")]


@pytest.mark.parametrize("path", [".rollbot/stop", ".rollbot.yaml"])
@pytest.mark.parametrize("trust", ["propose", "merge", "push"])
@pytest.mark.parametrize("when", ["signal", State.OPENED, State.DECIDED, State.ADMITTED, State.PROPOSED])
def test_nothing_is_changed_once_stop_is_pushed_between_two_steps(tmp_path: Path, when: str, trust: str, path: str) -> None:
    before: list[str] = []
    text = "wait\n" if path == ".rollbot/stop" else yaml.safe_dump({"policy": {"trust": {"prod": trust}, "stop": True}})

    def press_stop(world: Watched, key: str) -> None:
        if world.state(key) == when and not before:
            stop = world.push(ToldCommit(world.clock.now(), ADA, "Stop\n", files={path: text}))
            before.extend([stop, *world.ours()])

    with Watched(shop(trust), tmp_path, press_stop) as world:
        world.release("checkout", "2.8.0")
        world.pass_time(6 * 60)

        if (trust, when) == ("push", State.PROPOSED):
            assert not before, "a push is not proposed first"
            return
        assert [world.origin.head(), *world.ours()] == before
        assert len(world.ours()) == (when == State.PROPOSED)
        incident = world.incident()
        assert incident and incident.ended is None
        assert any("while stop is pressed" in entry.what for entry in world.record())


def test_a_push_of_somebody_else_just_before_ours_is_seen_and_taken_in(tmp_path: Path) -> None:
    def push(world: Watched, key: str) -> None:
        if world.state(key) == State.ADMITTED and world.origin.log()[-1][2] != "Note it":
            world.push(ToldCommit(world.clock.now(), ADA, "Note it\n", files={"NOTES.md": "checkout fails\n"}))

    with Watched(shop("propose"), tmp_path, push) as world:
        world.release("checkout", "2.8.0")
        world.pass_time(4 * 60)

        (branch,) = world.ours()
        assert world.origin.log(branch)[-2][0] == world.origin.head()


def test_from_alert_to_branch_git_asks_the_remote_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[str] = []
    start = Git._start
    monkeypatch.setattr(Git, "_start", lambda git, words, *more: started.append(words[0]) or start(git, words, *more))

    def begin(world: Watched, key: str) -> None:
        if world.state(key) == "signal":
            started.clear()
        if world.state(key) == State.PROPOSED and "proposed" not in started:
            started.append("proposed")

    with Watched(shop("propose"), tmp_path, begin) as world:
        world.repository.fetch()
        world.repository.tree(world.repository.resolve("main"))
        world.release("checkout", "2.8.0")
        world.pass_time(4 * 60)

    assert started[: started.index("proposed")] == ["fetch", "log", "push"]
