from __future__ import annotations

from pathlib import Path

import pytest

from bot.world import story
from bot.world.world import World


@pytest.fixture
def shop(tmp_path: Path) -> World:
    return World(story.load(story.SHOP), tmp_path)
