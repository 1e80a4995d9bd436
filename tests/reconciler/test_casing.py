"""What a plan says of its target reaches the rules."""

from __future__ import annotations

import pytest

from bot.plans.plan import Target
from bot.policy.rules.table import objections
from bot.reconciler.casing import accusing
from tests.policy.test_rules import DAY, NOW, a_case, a_release


@pytest.mark.parametrize(
    ("target", "codes"),
    [
        pytest.param(Target("1.3.9", None, DAY, "", back=1, left=NOW - DAY), [], id="the one before"),
        pytest.param(Target("1.0.0", None, DAY, "", back=4, left=NOW - 20 * DAY), ["far-target", "stale-target"], id="long ago"),
        pytest.param(Target("abcdef0", None, None, ""), [], id="of which nothing is known"),
        pytest.param(None, [], id="none"),
    ],
)
def test_the_rules_see_how_far_back_the_target_lies(target, codes):
    case = accusing(a_case(), a_release(), target, undoing=False)

    assert [objection.code for objection in objections(case)] == codes
