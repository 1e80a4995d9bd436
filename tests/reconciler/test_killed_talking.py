"""Killed after any effect of carrying a comment out, and started again: done once, answered once, the same end."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from shutil import rmtree
from typing import Any

import pytest

from bot.signals.signal import Thread
from tests.reconciler.test_kills import TIME, Death, MortalWorld, Way, a_story, left

NAME = re.compile(r"\b[0-9a-f]{7,40}\b")
RELEASE = 226
PROPOSE = {"policy": {"trust": {"prod": "propose"}}}

Words = tuple[tuple[Callable[[MortalWorld], int], str], ...]


def release(world: MortalWorld) -> int:
    return RELEASE


def proposal(world: MortalWorld) -> int:
    pull = world.incidents()[0].action.pull
    assert pull
    return pull


def not_synced(world: MortalWorld) -> int:
    world.cluster.stuck = True
    return RELEASE


def released_again(world: MortalWorld) -> int:
    world.release("checkout", "2.7.1")
    return RELEASE


TALKS: dict[str, Words] = {
    "asked and approved": ((release, "/rollback"), (proposal, "/rollback approve")),
    "cancelled": ((release, "/rollback"), (proposal, "/rollback cancel")),
    "undone": ((release, "/rollback checkout in prod --mode merge"), (release, "/rollback undo"), (proposal, "/rollback approve")),
    "asked again before the outcome is known": (
        (not_synced, "/rollback checkout in prod --mode merge"),
        (released_again, "/rollback checkout in prod --mode merge"),
    ),
    "allowed": ((release, "/rollback checkout in prod --mode merge"), (release, "/rollback allow 2.7.0")),
    "held, vouched for, refused, misspoken": (
        (release, "/rollback hold 1h checkout in prod"),
        (release, "/rollback good 2.7.0 checkout in prod"),
        (release, "/rollback nothing in prod"),
        (release, "/rollback @everyone"),
        (release, "/rollback resume"),
    ),
}


def live(words: Words, folder: Path, death: Death) -> dict[str, Any]:
    with MortalWorld(a_story(Way(lambda world: None, PROPOSE)), folder, death) as world:
        for where, text in words:
            world.say(where(world), text)
            for _ in range(9):  # a death costs the lease of its key, two minutes
                world.pass_time(30)
        for _ in range(6):
            world.pass_time(30)
        assert death.at is None or world.deaths == 1
        threads = [Thread(world.talk.home, number) for number in (RELEASE, 1, 2, 3)]
        answers = {thread.number: [short(each.text) for each in world.talk.answers(thread)] for thread in threads}
        pictures = [str(world.talk.pictures.get(said.number)) for said in world.talk.comments if not said.key]
        found = left(world)
        branches = [NAME.sub("…", branch) if "/allow/" in branch else branch for branch in found["branches"]]
        return found | {"branches": branches, "answers": answers, "pictures": pictures}


def short(text: str) -> str:
    return NAME.sub("…", TIME.sub("…", text))


@pytest.mark.timeout(600)
@pytest.mark.parametrize("talk", TALKS)
def test_killed_anywhere_it_is_done_and_answered_once(talk: str, tmp_path: Path) -> None:
    whole = Death()
    expected = live(TALKS[talk], tmp_path / "world", whole)
    points = [number for number, effect in enumerate(whole.seen) if whole.seen.index(effect) == number]
    assert any("reply" in whole.seen[point] for point in points)

    for point in points:
        rmtree(tmp_path / "world")
        found = live(TALKS[talk], tmp_path / "world", Death(point))

        assert found == expected, f"killed after {whole.seen[point]}"
