"""Which rung an environment stands on."""

from __future__ import annotations

import pytest

from bot.policy.settings import PolicyRules, Trust

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
