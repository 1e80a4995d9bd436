"""The world with Rollbot in it, its Git and its store as values: for what is lived through thousands of times."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bot.ports import PullRows, QueueRows, Store
from bot.world.lived import LivedWorld
from bot.world.origin import Origin
from bot.world.story import Story
from tests.reconciler.memory import MemoryOrigin, MemoryRepository
from tests.reconciler.shelf import MemoryPullRows, MemoryQueueRows, MemoryStore

SHOP = Path("/virtual/example/shop.git")
"""Not on any disk, and of the same name in every world: names of branches and incidents come from it."""


class QuickWorld(LivedWorld):
    """`origin`: Git, where it is a real one after all. `on_disk`: what Rollbot knows is kept in SQLite, or in the database given."""

    def __init__(self, told: Story, folder: Path, origin: Origin | None = None, on_disk: bool = False, database_url: str = "") -> None:
        self.on_disk = on_disk or bool(database_url)
        super().__init__(told, folder, origin or MemoryOrigin(SHOP, told.branch), database_url)

    def reached(self) -> Any:
        if isinstance(self.origin, MemoryOrigin):
            return MemoryRepository(self.origin.folder.as_uri(), self.origin, self.clock)
        return super().reached()

    def keeping(self, database_url: str) -> tuple[Store, QueueRows, PullRows]:
        if self.on_disk:
            store, self.rows, pulls = super().keeping(database_url)
            return store, self.rows, pulls
        self.rows = MemoryQueueRows()
        return MemoryStore(), self.rows, MemoryPullRows()
