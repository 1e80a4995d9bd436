"""What a progressive controller makes of a decision: drained, halted, or only Git repaired; never both on one release."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.policy.decide import Decision, Escalate, Halt, Repair, Rollback, ShiftTraffic, Wait
from bot.policy.progressive import eased
from tests.policy.test_rules import a_case

SUSPECT = a_case().suspect
assert SUSPECT
ROLLBACK = Rollback(SUSPECT)


@pytest.mark.parametrize(
    ("decision", "words", "becomes"),
    [
        pytest.param(ROLLBACK, {}, ROLLBACK, id="nobody else acts"),
        pytest.param(ROLLBACK, {"drains": True}, ShiftTraffic(ROLLBACK.suspect), id="drained first"),
        pytest.param(ROLLBACK, {"rolling": "Flagger", "drains": True}, Halt(ROLLBACK.suspect, "Flagger"), id="a controller acts"),
        pytest.param(
            ROLLBACK,
            {"healed": "went back", "rolling": "Flagger", "drains": True},
            Repair(ROLLBACK.suspect, "went back"),
            id="it has acted",
        ),
        pytest.param(Wait("later"), {"rolling": "Flagger", "drains": True}, Wait("later"), id="nothing was to be done"),
        pytest.param(Escalate("nobody did it"), {"healed": "went back"}, Escalate("nobody did it"), id="nobody is suspected"),
    ],
)
def test_never_both_on_one_release(decision: Decision, words: dict[str, object], becomes: Decision) -> None:
    assert eased(decision, replace(a_case(), **words)) == becomes
