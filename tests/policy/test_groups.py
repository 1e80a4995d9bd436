"""The cheapest set of versions, against trying all of them; and the smallest contradiction, against leaving each part out."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.policy.optimize.milp import Bundle, Chosen, Contradiction, Need, Problem, solve

VERSIONS = ("3", "2", "1")


@st.composite
def problems(draw: st.DrawFn) -> Problem:
    names = "abcde"[: draw(st.integers(1, 5))]
    costs = {
        name: {version: draw(st.integers(0, 60)) / 10 for version in VERSIONS[: draw(st.integers(1, 3))]} for name in names
    }  # prices of tenths, so that sums can be told apart
    nodes = [(name, version) for name in names for version in costs[name]]
    one = st.tuples(st.sampled_from(nodes), st.sampled_from(names), st.sets(st.sampled_from(VERSIONS)))
    drawn = draw(st.lists(one, max_size=10))
    needs = tuple(Need(of, other, frozenset(allowed), number) for number, (of, other, allowed) in enumerate(drawn))
    members = draw(st.lists(st.sampled_from(nodes), max_size=3, unique_by=lambda node: node[0]))
    return Problem(costs, needs, (Bundle(frozenset(members), draw(st.integers(0, 30)) / 10),) if members else ())


def by_force(problem: Problem) -> float | None:
    """The least cost of all choices that fit, None where none does."""
    choices = (dict(zip(problem.costs, versions, strict=True)) for versions in product(*problem.costs.values()))
    return min((problem.cost(chosen) for chosen in choices if problem.fits(chosen)), default=None)


@settings(max_examples=120, deadline=None)
@given(problems())
def test_it_costs_what_trying_all_choices_costs(problem: Problem):
    answer, least = solve(problem), by_force(problem)

    if isinstance(answer, Chosen):
        assert problem.fits(answer.versions)
        assert answer.cost == pytest.approx(least, abs=1e-9)
    else:
        assert least is None


@settings(max_examples=120, deadline=None)
@given(problems())
def test_a_contradiction_is_one_and_is_none_without_any_part_of_it(problem: Problem):
    answer = solve(problem)
    if not isinstance(answer, Contradiction):
        return

    def fits_without(*left_out: int) -> bool:
        kept = tuple(need for need in problem.needs if need.reason in answer.reasons and need.reason not in left_out)
        return by_force(Problem(problem.costs, kept)) is not None

    assert not fits_without()
    assert all(fits_without(reason) for reason in answer.reasons)


def test_the_same_problem_has_the_same_answer_every_time():
    problem = Problem({name: dict.fromkeys(VERSIONS, 1.0) for name in "abcdef"}, (Need(("a", "3"), "b", frozenset("2")),))

    assert len({str(solve(problem)) for _ in range(5)}) == 1


def test_a_train_is_taken_whole_where_that_costs_less_than_its_parts():
    parts = {name: {"2": 0.8, "1": 1.0} for name in "abc"} | {"bad": {"2": 50.0, "1": 1.0}}
    whole = frozenset((name, "1") for name in parts)

    alone, together = (solve(Problem(parts, (), (Bundle(whole, saves),))) for saves in (0.3, 0.9))

    assert isinstance(alone, Chosen)
    assert {name for name, version in alone.versions.items() if version == "1"} == {"bad"}
    assert isinstance(together, Chosen)
    assert set(together.versions.values()) == {"1"}
