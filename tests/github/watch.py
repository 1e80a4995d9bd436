"""Every test that has to do with the fake ends by judging what crossed it, whether the test asked for that or not."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.github.state import Crossed

WITNESSES: list[Callable[[Crossed], None]] = []
"""Who sees all that crosses any fake of this process."""
HOOKS = "/webhooks/"
"""What GitHub sends is seen as posted there, under its event's name."""


def seen(crossed: Crossed) -> None:
    for witness in WITNESSES:
        witness(crossed)


@pytest.fixture(autouse=True)
def contract() -> Iterator[list[Crossed]]:
    """What crossed so far; a test that sends nonsense on purpose clears it. Where GitHub's descriptions cannot be had, nothing is judged:
    test_judge.py is skipped then and says why."""
    crossed: list[Crossed] = []
    WITNESSES.append(crossed.append)
    yield crossed
    WITNESSES.remove(crossed.append)
    if not crossed:
        return
    from tests.github.judge import verdict  # the descriptions' readers, for the tests that need them only
    from tests.github.packages import Unobtainable

    try:
        found = verdict(crossed)
    except Unobtainable:
        return
    _noted(found.requests, len(found.violations))
    if found.violations:
        pytest.fail(f"not what GitHub describes: {found}", pytrace=False)


def _noted(requests: int, violations: int) -> None:
    """Added to the file that `ROLLBOT_CONTRACT` names, for whoever wants to know how much was judged."""
    if name := os.environ.get("ROLLBOT_CONTRACT"):
        with Path(name).open("a") as file:
            file.write(f"{os.environ.get('PYTEST_CURRENT_TEST', '')}\t{requests}\t{violations}\n")
