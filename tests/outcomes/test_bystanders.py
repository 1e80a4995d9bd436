"""Who turned red after our change, and whom nothing of its own explains."""

from __future__ import annotations

import pytest

from bot.outcomes.bystanders import Ours, Red, bystanders, neighbours
from bot.refs import ServiceRef

NOW = 1000.0


def ref(name: str, environment: str = "prod", cluster: str | None = None) -> ServiceRef:
    return ServiceRef("git.example/shop", environment, name, cluster)


OURS = Ours(frozenset({ref("checkout")}), NOW)


@pytest.mark.parametrize(
    ("red", "released", "found"),
    [
        pytest.param(Red(ref("cart"), "Errors", NOW + 60), {}, ["cart"], id="after ours"),
        pytest.param(Red(ref("cart"), "Errors", NOW), {}, ["cart"], id="at the same moment"),
        pytest.param(Red(ref("cart"), "Errors", NOW - 1), {}, [], id="red before"),
        pytest.param(Red(ref("checkout"), "Errors", NOW + 60), {}, [], id="what we changed itself"),
        pytest.param(Red(ref("cart", "staging"), "Errors", NOW + 60), {}, [], id="another environment"),
        pytest.param(Red(ref("cart", "prod", "eu1"), "Errors", NOW + 60), {}, [], id="another cluster"),
        pytest.param(Red(ref("cart"), "Errors", NOW + 60), {ref("cart"): NOW + 30}, [], id="its own release explains it"),
        pytest.param(Red(ref("cart"), "Errors", NOW + 60), {ref("cart"): NOW - 30}, ["cart"], id="its release was before ours"),
        pytest.param(Red(ref("cart"), "Errors", NOW + 60), {ref("cart"): NOW + 90}, ["cart"], id="it released a fix afterwards"),
    ],
)
def test_a_bystander(red: Red, released: dict[ServiceRef, float], found: list[str]) -> None:
    assert [each.red.service.name for each in bystanders([red], OURS, released)] == found


def test_each_once_and_those_that_have_to_do_with_it_first() -> None:
    related = Ours(OURS.services, NOW, neighbours({"checkout"}, {"checkout": ["payments"], "frontend": ["checkout"], "cart": ["search"]}))
    red = [Red(ref("cart"), "Errors", NOW + 1), Red(ref("frontend"), "Slow", NOW + 9), Red(ref("frontend"), "Errors", NOW + 5)]

    found = bystanders(red, related, {})

    assert [(each.red.service.name, each.red.alert, each.related) for each in found] == [
        ("frontend", "Errors", True),
        ("cart", "Errors", False),
    ]
    assert str(found[0]) == "frontend, which has to do with it: Errors"


def test_neighbours_use_it_or_are_used_by_it() -> None:
    calls = {"checkout": ["payments"], "frontend": ["checkout", "search"], "cart": ["search"]}

    assert neighbours({"checkout"}, calls) == {"payments", "frontend"}
