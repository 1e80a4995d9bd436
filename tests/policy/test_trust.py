"""Which rung an environment stands on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.policy.settings import Hours, PolicyRules, Trust
from bot.policy.windows import Window

RULES = PolicyRules(trust={"*": Trust.PUSH, "prod-*": Trust.OBSERVE, "prod-eu-*": Trust.PROPOSE, "prod-eu-1": Trust.MERGE})


@pytest.mark.parametrize(
    ("environment", "trust"),
    [
        pytest.param("prod-eu-1", Trust.MERGE, id="its own name before every glob"),
        pytest.param("prod-eu-2", Trust.PROPOSE, id="the longest glob that fits"),
        pytest.param("prod-us", Trust.OBSERVE, id="a glob before the star"),
        pytest.param("dev", Trust.PUSH, id="the star for the others"),
    ],
)
def test_trust(environment, trust):
    assert RULES.trust_in(environment) is trust


def test_without_configuration_it_proposes():
    assert PolicyRules().trust_in("prod") is Trust.PROPOSE


@pytest.mark.parametrize(
    ("environment", "at", "trust"),
    [
        pytest.param("prod-eu-2", 50.0, Trust.PROPOSE, id="before the hours"),
        pytest.param("prod-eu-2", 100.0, Trust.PUSH, id="in them"),
        pytest.param("dev", 100.0, Trust.PUSH, id="hours of others"),
        pytest.param("prod-eu-2", 250.0, Trust.NOTIFY, id="the first that is open"),
    ],
)
def test_hours(environment, at, trust):
    first, second = Window(("prod-*",), start=200.0, end=300.0), Window(("prod-*",), start=100.0, end=300.0)
    rules = replace(RULES, hours=(Hours(first, Trust.NOTIFY), Hours(second, Trust.PUSH)))

    assert rules.trust_at(environment, at) is trust
