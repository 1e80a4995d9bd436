"""A manifests repository with two services in two environments, and a clock."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from bot.adapters.git import GitRepository
from bot.adapters.pins import SqlitePinCache
from bot.manifests.estate import Service
from bot.manifests.rules import ManifestRules
from bot.reconciler.look import look
from bot.refs import Instant, Sha
from bot.world.origin import Origin
from bot.world.story import ToldCommit

ADA = "Ada Byron <ada@shop.example>"
START = 1_780_000_000.0


def overlay(tag: str) -> str:
    return f'resources: [../../base]\nimages:\n  - name: ghcr.io/shop/checkout\n    newTag: "{tag}"\n'


BASE = """apiVersion: apps/v1
kind: Deployment
metadata: {name: checkout}
spec: {template: {spec: {containers: [{name: checkout, image: ghcr.io/shop/checkout}]}}}
"""
PROD, STAGING = (f"apps/checkout/overlays/{environment}" for environment in ("prod", "staging"))


class Town:
    def __init__(self, folder: Path) -> None:
        self.origin = Origin(folder / "shop.git", "main")
        self.time = START
        self.ticks: list[Callable[[], None]] = []
        self.cache = SqlitePinCache(folder / "pins.sqlite")
        self.push(
            {
                "apps/checkout/base/kustomization.yaml": "resources: [deployment.yaml]\n",
                "apps/checkout/base/deployment.yaml": BASE,
                f"{PROD}/kustomization.yaml": overlay("1.0.0"),
                f"{STAGING}/kustomization.yaml": overlay("1.0.0"),
            }
        )
        self.repository = GitRepository(self.origin.folder.as_uri(), "main", folder / "cache", now=self.now)

    def __enter__(self) -> Self:
        self.repository.__enter__()
        self.repository.fetch()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.repository.__exit__(kind, error, trace)
        self.cache.close()

    def now(self) -> Instant:
        return self.time

    def pass_time(self, seconds: float) -> None:
        for _ in range(int(seconds // 5)):
            self.time += 5
            for tick in self.ticks:
                tick()

    def push(self, files: dict[str, str | None], branch: str | None = None) -> Sha:
        head = self.origin.tell([ToldCommit(self.time, ADA, "Change\n", files=files)], branch)
        if hasattr(self, "repository"):
            self.repository.fetch()
        return head

    def bump(self, tag: str, environment: str = "prod") -> Sha:
        return self.push({f"apps/checkout/overlays/{environment}/kustomization.yaml": overlay(tag)})

    def service(self, name: str = "checkout", environment: str = "prod") -> Service:
        self.repository.fetch()
        state = look(self.repository, self.cache, ManifestRules())
        [found] = [each for each in state.estate.services if (each.ref.name, each.ref.environment) == (name, environment)]
        return found
