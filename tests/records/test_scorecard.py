"""What it would have done, held against what a history says that people did."""

from __future__ import annotations

import pytest

from bot.records.scorecard import PATIENCE, Score, Scorecard, Verdict, Would, score
from bot.refs import Sha
from bot.releases.release import PinChange, Release
from tests.policy.test_rules import CHECKOUT, NOW, a_release

HOUR = 3600.0


def released(number: int, hours: float, before: str, after: str, rollback: bool = False) -> Release:
    """A release so many hours after the incident."""
    change = PinChange("apps/checkout.yaml", "image", "checkout", before, after)
    return a_release(Sha(f"{number:040x}"), after, NOW + hours * HOUR, changes=(change,), rollback=rollback, author="ada")


NEWEST, OLDER, FIRST = released(3, -1, "2", "3"), released(2, -5, "1", "2"), released(1, -9, "0", "1")
BEFORE = (NEWEST, OLDER, FIRST)
ACT = Would("i", CHECKOUT, NOW, NEWEST.commit, "3", "2", 0.9)
CALL = Would("i", CHECKOUT, NOW, None)


@pytest.mark.parametrize(
    ("would", "then", "hours", "verdict"),
    [
        pytest.param(ACT, (released(4, 1, "3", "2"),), 2, Verdict.RIGHT, id="the same, as a bump"),
        pytest.param(ACT, (released(4, 1, "3", "2", rollback=True),), 2, Verdict.RIGHT, id="the same, as a revert"),
        pytest.param(ACT, (released(4, 1, "3", "1"),), 2, Verdict.RIGHT, id="the same and further back"),
        pytest.param(ACT, (), 25, Verdict.WRONG, id="nobody took anything back"),
        pytest.param(ACT, (), 1, Verdict.OPEN, id="nobody did anything yet"),
        pytest.param(ACT, (released(4, 1, "3", "4"),), 25, Verdict.FIXED, id="fixed forward"),
        pytest.param(ACT, (released(4, 1, "3", "4"), released(5, 2, "4", "2")), 25, Verdict.WRONG, id="took the fix back, not that one"),
        pytest.param(CALL, (released(4, 1, "3", "2"),), 2, Verdict.MISSED, id="people took one back without it"),
        pytest.param(CALL, (), 25, Verdict.ABSTAINED, id="rightly nothing"),
        pytest.param(CALL, (), 1, Verdict.OPEN, id="nothing yet"),
        pytest.param(ACT, (released(4, 26, "3", "2"),), 30, Verdict.WRONG, id="too late to be an answer to it"),
    ],
)
def test_verdicts(would: Would, then: tuple[Release, ...], hours: float, verdict: Verdict) -> None:
    found = score(would, (*reversed(then), *BEFORE), NOW + hours * HOUR)

    assert found.verdict is verdict


def test_a_card_counts_what_can_be_told() -> None:
    told = [Verdict.RIGHT] * 3 + [Verdict.WRONG, Verdict.MISSED, Verdict.OPEN, Verdict.FIXED, Verdict.ABSTAINED]
    card = Scorecard(tuple(Score(ACT, verdict, "") for verdict in told))

    assert (card.judged, card.precision, card.recall) == (6, 0.75, 0.75)
    assert "75%" in card.said
    assert "20 are needed" in card.said


def test_an_empty_card_claims_nothing() -> None:
    assert (Scorecard(()).precision, Scorecard(()).recall) == (None, None)
    assert PATIENCE == 24 * HOUR
