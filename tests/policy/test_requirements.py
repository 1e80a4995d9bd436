"""Which services go back together, told in releases: a table of small estates."""

from __future__ import annotations

import pytest

from bot.policy.optimize.requirements import Apart, Candidate, Circle, Option, Together, broken, churn, settle
from bot.refs import ServiceRef
from bot.releases.needs import Along, Needs, Requirement
from bot.releases.ordering import Order
from bot.releases.requires import requires


def ref(name: str) -> ServiceRef:
    return ServiceRef("repo", "prod", name)


def needs(name: str, text: str) -> Needs:
    clauses = requires(text) if text else ()
    return Needs(tuple(Requirement(ref(name), ref(clause.name), clause, f"{name}.yaml", 7) for clause in clauses))


def service(name: str, *needed: str, bad: float = 0.0, stays: bool = True, along: tuple[str, ...] = ()) -> Candidate:
    """A service with a version for each of `needed`, the newest (what runs) first: as many, as many less one, … 1."""
    versions = [str(number) for number in range(len(needed), 0, -1)]
    options = [
        Option(version, needs(name, text), bad if back == 0 else churn(back, unproven=False))
        for back, (version, text) in enumerate(zip(versions, needed, strict=True))
    ]
    lines = tuple(Along(ref(name), ref(other), f"{name}.yaml", 8) for other in along)
    return Candidate(ref(name), versions[0], Order(versions), tuple(options if stays else options[1:]), lines)


def moves(answer: Together | Apart | Circle) -> dict[str, str]:
    assert isinstance(answer, Together), answer
    return {service.name: version for service, version in answer.moves.items()}


@pytest.mark.parametrize(
    ("estate", "expected"),
    [
        pytest.param((service("a", "", "", stays=False), service("b", "")), {"a": "1"}, id="nothing is declared"),
        pytest.param(
            (service("a", "", "b <2", stays=False), service("b", "", "")), {"a": "1", "b": "1"}, id="what a goes back to needs old b"
        ),
        pytest.param((service("a", "b >=2", ""), service("b", "", "", stays=False)), {"a": "1", "b": "1"}, id="a needs what b leaves"),
        pytest.param((service("a", "b >=2", ""), service("b", "", "", "", stays=False)), {"b": "2"}, id="b goes only as far as a allows"),
        pytest.param((service("a", "", "", stays=False, along=("b",)), service("b", "", "")), {"a": "1", "b": "1"}, id="b goes along"),
        pytest.param((service("a", "b >=9", ""), service("b", "", "", stays=False)), {"b": "1"}, id="not met today either"),
        pytest.param(
            (service("a", "", "b <2", "", stays=False), service("b", "", "", along=("c",)), service("c", "", "")),
            {"a": "1"},
            id="one release further back is cheaper than two more services",
        ),
        pytest.param((service("a", "", "", stays=False), service("b", "", "", bad=16.0)), {"a": "1", "b": "1"}, id="two bad ones at once"),
        pytest.param((service("a", "", "", stays=False), service("b", "", "", bad=0.4)), {"a": "1"}, id="one hardly suspected stays"),
    ],
)
def test_what_goes_back_together(estate: tuple[Candidate, ...], expected: dict[str, str]):
    assert moves(settle(estate)) == expected


def test_each_service_that_goes_along_has_its_reasons():
    answer = settle((service("a", "", "b <2", stays=False), service("b", "", ""), service("c", "b >=2", "")))

    assert isinstance(answer, Together)
    assert {ref.name: [str(each.clause) for each in why] for ref, why in answer.because.items()} == {
        "a": [],
        "b": ["b <2"],
        "c": ["b >=2"],
    }


def test_a_contradiction_names_the_declarations_and_no_others():
    answer = settle((service("a", "", "b <2; d >=1", stays=False), service("b", "", ""), service("c", "b >=2"), service("d", "")))

    assert isinstance(answer, Apart)
    assert {(reason.of.name, str(reason.clause)) for reason in answer.reasons} == {("a", "b <2"), ("c", "b >=2")}


def test_a_requirement_that_nothing_can_meet_contradicts_itself_alone():
    answer = settle((service("a", "", "b >=3 <2; d >=1", stays=False), service("b", "", ""), service("d", "")))

    assert isinstance(answer, Apart)
    assert [str(reason.clause) for reason in answer.reasons] == ["b >=3 <2"]


def test_a_circle_is_told_as_the_way_round():
    answer = settle((service("a", "", "b >=1", stays=False), service("b", "c >=1"), service("c", "a >=1")))

    assert isinstance(answer, Circle)
    assert [str(reason.clause) for reason in answer.reasons] == ["b >=1", "c >=1", "a >=1"]


def test_what_is_broken_on_the_way_is_told():
    estate = (service("a", "b >=2", ""), service("b", "", "", stays=False))
    halfway = {ref("a"): "2", ref("b"): "1"}

    assert [str(each.clause) for each in broken(estate, halfway)] == ["b >=2"]
    assert list(broken(estate, {ref("a"): "1", ref("b"): "2"})) == []


def test_a_train_with_many_suspects_goes_back_whole():
    parts = [service(name, "", "", bad=bad, stays=name != "a") for name, bad in (("a", 20.0), ("b", 0.9), ("c", 0.9), ("d", 0.9))]
    train = {each.service: "1" for each in parts}

    assert (moves(settle(parts)), moves(settle(parts, [train]))) == ({"a": "1"}, dict.fromkeys("abcd", "1"))
