"""The shop whose checkout runs beside its canary, with another configuration."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from bot.world import story
from bot.world.lived import LivedWorld
from bot.world.story import Story, ToldCommit

CANARY = Path(__file__).parents[2] / "fixtures" / "repositories" / "canary.yaml"
FOLDER = "apps/checkout/overlays/prod"
QUICK = {"settle": "15s", "soak": "1m"}
DRAINS = {"drain": ["prod"]}


def a_story(**config: Any) -> Story:
    raw = yaml.safe_load(CANARY.read_text())
    text = {"policy": {"trust": {"prod": "merge"}}, "traffic": DRAINS, "outcomes": QUICK} | config
    raw["history"][0]["files"][".rollbot.yaml"] = yaml.safe_dump(text)
    return story.read(raw)


def file(world: LivedWorld, name: str, commit: str = "") -> str:
    head = commit or world.origin.head()
    assert head
    return (world.origin.read([(head, f"{FOLDER}/{name}")])[0] or b"").decode()  # type: ignore[list-item]


def weights(world: LivedWorld) -> list[str]:
    """Of the stable side and of the canary, as HEAD has them."""
    return [line.split()[1] for line in file(world, "route.yaml").splitlines() if "weight:" in line]


def ours(world: LivedWorld) -> list[str]:
    """The messages of our commits that the branch holds, oldest first."""
    return [message for sha in world.origin.every() if "\nRollback-" in (message := world.origin.message(sha))]


def reroute(world: LivedWorld, old: str, new: str) -> None:
    """Somebody edits the route."""
    files = {f"{FOLDER}/route.yaml": {old: new}}
    world.push(ToldCommit(world.clock.now(), "Ada Byron <ada@shop.example>", "Route otherwise\n", replace=files))


def said(world: LivedWorld) -> str:
    return "\n".join("\n".join((entry.what, *entry.because)) for entry in world.record())
