from __future__ import annotations

from bot.attribution.evidence import TrackRecord
from bot.attribution.learnt import track_record
from bot.refs import Sha
from bot.releases.release import History, PinChange, Release
from tests.policy.test_rules import CHECKOUT, NOW, a_release

DAY = 86_400.0


def released(number: int, days_ago: float, before: str, after: str, rollback: bool = False) -> Release:
    change = PinChange("apps/checkout.yaml", "image", "checkout", before, after)
    return a_release(Sha(f"{number:040x}"), after, NOW - days_ago * DAY, changes=(change,), rollback=rollback)


def test_what_was_taken_back_was_to_blame_and_what_stood_was_not() -> None:
    history = History(
        CHECKOUT,
        (
            released(6, 0.01, "5", "6"),
            released(5, 1, "3", "5"),
            released(4, 2, "4", "3", rollback=True),
            released(3, 3, "3", "4"),
            released(2, 4, "2", "3"),
            released(1, 5, "1", "2"),
        ),
    )

    assert track_record(history, {Sha(f"{1:040x}")}, NOW, 4 * 3600) == TrackRecord(blamed=2, harmless=2)


def test_nothing_released_is_nothing_known() -> None:
    assert track_record(History(CHECKOUT, ()), frozenset(), NOW, 3600) == TrackRecord(0, 0)
