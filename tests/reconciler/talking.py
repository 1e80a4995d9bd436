"""A world in which people talk, and what there is to see of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from bot.incidents.incident import Incident
from bot.signals.signal import Reaction
from bot.world import story
from bot.world.lived import LivedWorld
from bot.world.talk import Comment

RELEASE = 226
"""The pull request by which Ada changed checkout in prod."""
ADA = "Ada Byron <ada@shop.example>"
HOUR = 3600.0


def a_world(folder: Path, config: dict[str, Any]) -> LivedWorld:
    raw = yaml.safe_load(story.SHOP.read_text())
    raw["history"][0]["files"][".rollbot.yaml"] = yaml.safe_dump(config)
    return LivedWorld(story.read(raw), folder)


def proposals(world: LivedWorld) -> list[str]:
    return [branch for branch in world.origin.branches() if branch.startswith("rollbot/")]


def only(world: LivedWorld) -> Incident:
    [incident] = world.incidents()
    return incident


def answer(world: LivedWorld, said: Comment) -> str:
    """The one answer to a comment, without the incident's name."""
    [found] = [each for each in world.talk.answers(said.thread) if each.key == f"reply:{said.number}"]
    names = [incident.id for incident in world.incidents()]
    text = found.text
    for name in names:
        text = text.replace(name, "INCIDENT")
    return text


def picture(world: LivedWorld, said: Comment) -> Reaction | None:
    return world.talk.pictures.get(said.number)


def once(world: LivedWorld) -> None:
    """One branch, one pull request, one comment that follows it, one answer."""
    [branch] = proposals(world)
    pull = world.pulls.pull(branch)
    assert pull and (pull.number, pull.state) == (1, "open")
    assert len([key for key in world.pulls.comments(1) if key.endswith(":1")]) == 1


def proposed(world: LivedWorld, text: str = "/rollback") -> Comment:
    said = world.say(RELEASE, text)
    world.pass_time(30)
    assert only(world).state == "proposed"
    return said
