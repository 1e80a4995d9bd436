"""A git command's end: its own, or its deadline's."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from bot.adapters.git.run import Git
from bot.errors import Unavailable


def test_a_command_that_hangs_is_ended_at_its_deadline_with_all_that_it_started(tmp_path: Path) -> None:
    began = time.monotonic()

    with pytest.raises(Unavailable, match=r"git -c took longer than 0\.2 s"):
        Git(tmp_path).answer("-c", "alias.hang=!sleep 60", "hang", timeout=0.2)

    assert time.monotonic() - began < 30  # the sleep holds the pipes: alive, it would be waited for


def test_a_command_that_ends_in_time_is_not_said_to_be_late(tmp_path: Path) -> None:
    answer = Git(tmp_path).answer("-c", "alias.quick=!echo done", "quick", timeout=60)

    assert (answer.status, answer.out) == (0, b"done\n")
