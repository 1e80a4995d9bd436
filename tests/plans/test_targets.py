"""Where a place may go back to, best first."""

from __future__ import annotations

import pytest

from bot.manifests.pin import Pin, PinKind
from bot.plans.targets import targets
from bot.plans.timeline import Held
from bot.refs import Sha

MINUTE, DAY = 60.0, 86_400.0
PIN = Pin("f", 0, "image.tag", 1, 0, 1, "helm", PinKind.TAG, "", "", "", "web", "x")


def history(*values: tuple[str, float]) -> list[Held]:
    """What was held, oldest first, with how long each served."""
    segments: list[Held] = []
    at = 0.0
    for value, served in values:
        segments.append(Held(value, PIN, Sha(f"{len(segments):040}"), at, at + served))
        at += served
    return segments[::-1]


@pytest.mark.parametrize(
    ("held", "best"),
    [
        pytest.param([("1.0", DAY), ("1.1", DAY), ("1.2", DAY)], "1.1", id="the one before"),
        pytest.param([("1.0", DAY), ("1.1", MINUTE), ("1.2", DAY)], "1.1", id="the one before, even if it served a minute"),
        pytest.param([("1.0", DAY), ("1.1", DAY), ("1.0", DAY), ("1.2", DAY)], "1.0", id="not one rolled back from"),
        pytest.param(
            [("1.0", DAY), ("1.1", DAY), ("1.0", DAY), ("1.1", MINUTE), ("1.2", DAY)], "1.0", id="nor one that came again for minutes"
        ),
        pytest.param([("1.0", DAY), ("1.1", DAY), ("1.0", DAY), ("1.1", DAY), ("1.2", DAY)], "1.1", id="unless it has proven itself since"),
        pytest.param([("1.0@a", DAY), ("1.1@b", MINUTE), ("1.1@c", DAY)], "1.0@a", id="not the same version, built minutes before"),
        pytest.param([("1.0@a", DAY), ("1.1@b", DAY), ("1.1@c", DAY)], "1.1@b", id="a build that has proven itself"),
        pytest.param([("1.1@a", MINUTE), ("1.1@b", MINUTE), ("1.1@c", DAY)], "1.1@b", id="only builds of one version"),
        pytest.param([("latest@a", DAY), ("latest@b", MINUTE), ("latest@c", DAY)], "latest@b", id="a moving tag is no version"),
        pytest.param([("1.0", DAY), ("1.1", MINUTE), ("1.1@c", DAY)], "1.1", id="a tag that was only pinned"),
    ],
)
def test_the_best_target(held, best):
    found = targets(history(*held), lambda segment: False)

    assert found[0][0].version == best
    assert {target.version for target, _ in found} == {value for value, _ in held} - {held[-1][0]}


def test_a_target_says_how_far_back_it_lies_and_since_when_it_is_gone():
    found = targets(history(("1.0", DAY), ("1.1", DAY), ("1.0", DAY), ("1.2", DAY)), lambda segment: False)

    assert [(target.version, target.back, target.left) for target, _ in found] == [("1.0", 1, 3 * DAY), ("1.1", 2, 2 * DAY)]
