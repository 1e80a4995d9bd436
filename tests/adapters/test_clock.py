"""Time goes on steadily; a source that jumps is noticed when it is looked at."""

from __future__ import annotations

import time

import pytest

from bot.adapters.clock import SteadyClock
from bot.adapters.store.schema import Database


@pytest.mark.parametrize("jump", [3600.0, -3600.0])
def test_a_jump_is_noticed_and_taken_over_when_it_is_looked_for(jump: float) -> None:
    off = [0.0]
    clock = SteadyClock(lambda: time.time() + off[0])
    before = clock.now()

    off[0] = jump
    steady = clock.now()
    ahead = clock.look()

    assert steady - before == pytest.approx(0, abs=5)
    assert ahead == pytest.approx(jump, abs=5)
    assert clock.now() - before == pytest.approx(jump, abs=5)


def test_a_database_tells_the_time(database_url: str) -> None:
    database = Database(database_url)

    assert SteadyClock(database.now).now() == pytest.approx(time.time(), abs=5)
    database.close()
