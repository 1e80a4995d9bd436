"""How many services are red at once, and whether one release is in all of them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.incidents.incident import Incident, Symptom
from bot.incidents.lifecycle import End, State
from bot.incidents.rules import AlertRules
from bot.incidents.storm import PLATFORM, shared, storm
from bot.refs import ServiceRef, Sha
from bot.signals.signal import Asked

RULES = AlertRules(storm_services=3, storm_within=300.0)


def red(name: str, started: float = 1000.0, environment: str = "prod", **symptom: object) -> Incident:
    known = replace(Symptom(name, "alertmanager", "Errors", {}, started, "critical"), **symptom)  # type: ignore[arg-type]
    return Incident(f"i-{name}", ServiceRef("r", environment, name), started, symptoms=(known,))


THREE = (red("a"), red("b", 1100.0), red("c", 1290.0))


def test_many_at_once_are_a_storm() -> None:
    found = storm("prod", 1000.0, THREE, RULES)

    assert found is not None
    assert (str(found), found.began) == ("a, b, c", 1000.0)


@pytest.mark.parametrize(
    ("known", "rules"),
    [
        pytest.param(THREE[:2], RULES, id="two"),
        pytest.param((*THREE[:2], red("c", 1400.0)), RULES, id="one of them later"),
        pytest.param((*THREE[:2], red("c", environment="staging")), RULES, id="one of them elsewhere"),
        pytest.param((*THREE[:2], red("c", severity="warning")), RULES, id="one of them a warning"),
        pytest.param((*THREE[:2], red("c", resolved=1100.0)), RULES, id="one of them over"),
        pytest.param((*THREE[:2], replace(red("c"), state=State.ENDED, end=End.DECLINED)), RULES, id="one of them ended"),
        pytest.param((*THREE[:2], replace(red("c"), request=Asked("k", "ada", 1.0))), RULES, id="one of them asked for"),
        pytest.param((*THREE[:2], red(PLATFORM)), RULES, id="the platform's own"),
        pytest.param(THREE, replace(RULES, storm_services=0), id="never"),
    ],
)
def test_what_is_no_storm(known: tuple[Incident, ...], rules: AlertRules) -> None:
    assert storm("prod", 1000.0, known, rules) is None


def test_a_commit_that_released_in_all_of_them_is_shared() -> None:
    a, b = Sha("a" * 40), Sha("b" * 40)
    one, two = ServiceRef("r", "prod", "one"), ServiceRef("r", "prod", "two")

    assert shared({one: {a, b}, two: {b}}) == {b}
    assert shared({one: {a}, two: {b}}) == shared({}) == frozenset()
