"""What every test shares: where the shared data lie, and a Git that reads nobody's configuration."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.github.watch import contract

__all__ = ["contract"]

os.environ |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "GIT_TERMINAL_PROMPT": "0", "NO_COLOR": "1"}


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of shared data (`ROLLBOT_SHARED`, default ../shared); tests that need it are skipped without it."""
    folder = Path(os.environ.get("ROLLBOT_SHARED", Path(__file__).parents[2] / "shared")).resolve()
    if not (folder / "replay" / "replay.py").is_file():
        pytest.skip(f"no shared data at {folder}; set ROLLBOT_SHARED")
    return folder
