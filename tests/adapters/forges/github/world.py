"""The shop's world with GitHub in the place of its Git server: Rollbot reaches it over HTTP only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from bot.adapters.forges.github.access import TokenAccess
from bot.adapters.forges.github.client import Client
from bot.adapters.forges.github.forge import GitHubForge
from bot.adapters.git import GitRepository
from bot.ports import Conversation, Forge
from bot.world import story
from bot.world.lived import LivedWorld
from bot.world.origin import Origin
from bot.world.story import Story
from tests.adapters.forges.github.hub import Patient
from tests.github.server import FakeGitHub


def a_story(**config: Any) -> Story:
    """The shop, quick to judge, with Rollbot trusted to merge in prod."""
    raw = yaml.safe_load(story.SHOP.read_text())
    raw["alerts"]["HighErrorRate"] |= {"window": "1m", "for": "15s"}
    said = {"policy": {"trust": {"prod": "merge"}}, "outcomes": {"settle": "15s", "soak": "1m"}} | config
    raw["history"][0]["files"][".rollbot.yaml"] = yaml.safe_dump(said)
    return story.read(raw)


class GitHubWorld(LivedWorld):
    """`login` of Rollbot there is `robot`, with write access as `ada` and `tom` have it; `eve` only reads."""

    def __init__(self, told: Story, folder: Path, server: FakeGitHub, name: str = "acme/shop") -> None:
        self.server, self.name = server, name
        server.create(name, files=None)
        for number, (login, role) in enumerate({"robot": "write", "ada": "maintain", "tom": "write", "eve": "read"}.items(), 9001):
            server.user(login, number)
            server.grant(name, login, role)
        self.token = server.token("robot")
        self.patient = Patient()
        super().__init__(told, folder, Origin(Path(server.folder(name)), told.branch))

    def reached(self) -> GitRepository:
        secret = ("x-access-token", self.token)
        cache = self.folder / "cache"
        return GitRepository(self.server.url(self.name), self.story.branch, cache, credentials=lambda _: secret, now=self.clock.now)

    def forged(self) -> Forge:
        self.client = Client(self.server.api, TokenAccess(self.token), self.name, self.patient.timing())
        self.github = GitHubForge(self.client, self.repository)
        return self.github

    def conversing(self) -> Conversation:
        return self.github.conversation

    def close(self) -> None:
        self.client.close()
        super().close()
