"""Every scenario ends as it is told to, every rule has one, and what is missing is known."""

from __future__ import annotations

import pytest
import yaml

from tests.scenarios.scenario import FIXTURES, live, names, told

FIELD = {f"F{number}" for number in range(1, 21)} - {"F15"}
"""F15 is about migrations alone; pain-9 stands for it here."""
RULES = {f"scar-{number}" for number in range(1, 13)} | {f"pain-{number}" for number in range(1, 21)} | FIELD
WHOLLY_MISSING = {"F14"}
"""Rules that no scenario names. A rule leaves this set when it is built; none may join it."""


def _marked(name: str) -> object:
    missing = told(name).get("missing")
    return pytest.param(name, marks=pytest.mark.xfail(reason=missing, raises=AssertionError, strict=True)) if missing else name


@pytest.mark.parametrize("name", [_marked(name) for name in names()])
def test_scenario(name: str) -> None:
    lived = live(name)

    assert lived.wrong == ""


def test_every_rule_is_named_by_a_scenario_or_known_to_be_missing() -> None:
    rules = yaml.safe_load((FIXTURES / "rules.yaml").read_text())
    named = {rule for name in names() for rule in told(name)["rules"]}

    assert set(rules) == RULES
    assert all("says" in rule and set(rule) <= {"says", "missing"} for rule in rules.values())
    assert named == RULES - WHOLLY_MISSING
    assert all(rules[rule].get("missing") for rule in WHOLLY_MISSING)


@pytest.mark.parametrize("name", names())
def test_a_scenario_says_what_it_shows_and_what_comes_of_it(name: str) -> None:
    scenario = told(name)

    assert scenario["title"] and scenario["rules"]
    wanted = scenario["ends"].get("incidents", [])
    assert scenario.get("missing") or wanted == [] or all(set(one) == {"service", "decision", "actions", "end"} for one in wanted)
