"""Services with the versions that each may run × what those need of each other → the cheapest set that fits, or why none does.

A mixed-integer linear program, solved to optimality by HiGHS (scipy.optimize.milp; https://highs.dev): x[s,v] is 1 where service s runs
version v, Σ_v x[s,v] = 1; a need of (a, v) for one of the versions W of b is x[a,v] ≤ Σ_{w∈W} x[b,w], which is tighter than one row a
conflicting pair; a bundle z ≤ x[s,v] for each of its members takes its saving off. All costs are in one unit, that of one service
moved back by one release.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

Node = tuple[str, str]
"""A service and one of its versions."""


@dataclass(frozen=True, slots=True)
class Need:
    """Where service and version are `of`, service `other` has to run one of `allowed` (none: `of` cannot be). `reason` names it."""

    of: Node
    other: str
    allowed: frozenset[str]
    reason: int = 0


@dataclass(frozen=True, slots=True)
class Bundle:
    """Versions that were released together, and what it `saves` to take all of them."""

    members: frozenset[Node]
    saves: float


@dataclass(frozen=True)
class Problem:
    """`costs`: for each service its versions, each with what it costs to run that one; at least one a service."""

    costs: Mapping[str, Mapping[str, float]]
    needs: tuple[Need, ...] = ()
    bundles: tuple[Bundle, ...] = ()

    def fits(self, chosen: Mapping[str, str]) -> bool:
        return all(chosen[need.of[0]] != need.of[1] or chosen.get(need.other) in need.allowed for need in self.needs)

    def cost(self, chosen: Mapping[str, str]) -> float:
        saved = (bundle.saves for bundle in self.bundles if all(chosen[service] == version for service, version in bundle.members))
        return sum(self.costs[service][version] for service, version in chosen.items()) - sum(saved)

    @cached_property
    def nodes(self) -> tuple[Node, ...]:
        return tuple((service, version) for service, versions in self.costs.items() for version in versions)


@dataclass(frozen=True, slots=True)
class Chosen:
    """A version for each service."""

    versions: Mapping[str, str]
    cost: float


@dataclass(frozen=True, slots=True)
class Contradiction:
    """`reasons` of needs that no choice of versions satisfies all at once, while it satisfies all but any one of them."""

    reasons: tuple[int, ...]


def solve(problem: Problem) -> Chosen | Contradiction:
    """Return the cheapest choice that fits. Raises ArithmeticError where the solver gives up, which it does for no problem of ours."""
    found = _solved(problem, problem.needs)
    if found is None:
        return Contradiction(_contradiction(problem))
    return Chosen(found, problem.cost(found))


def _solved(problem: Problem, needs: Sequence[Need], dear: bool = True) -> dict[str, str] | None:
    """Solve under these needs alone; not `dear`: any choice will do. None: there is no choice."""
    import numpy
    from scipy.optimize import Bounds, LinearConstraint, milp

    bundles = problem.bundles if dear else ()
    at = {node: index for index, node in enumerate(problem.nodes)}
    size = len(at) + len(bundles)
    costs = [problem.costs[service][version] for service, version in problem.nodes] if dear else [0.0] * len(at)
    rows, lower, upper = _rows(problem, needs, bundles, at)
    result: Any = milp(
        numpy.array([*costs, *(-bundle.saves for bundle in bundles)]),
        integrality=numpy.ones(size),
        bounds=Bounds(0, 1),
        constraints=LinearConstraint(_matrix(rows, size), lower, upper),
        options={"mip_rel_gap": 0.0},
    )
    if result.status == 2:
        return None
    if result.x is None or result.status != 0:
        raise ArithmeticError(f"no answer to a group of {len(problem.costs)} services: {result.message}")
    return {service: version for (service, version), index in at.items() if result.x[index] > 0.5}


_Row = list[tuple[int, float]]


def _rows(
    problem: Problem, needs: Sequence[Need], bundles: Sequence[Bundle], at: Mapping[Node, int]
) -> tuple[list[_Row], list[float], list[float]]:
    rows: list[_Row] = []
    lower: list[float] = []
    upper: list[float] = []
    for service, versions in problem.costs.items():
        rows.append([(at[service, version], 1.0) for version in versions])
        lower.append(1.0)
        upper.append(1.0)
    for need in needs:
        allowed = [at[need.other, version] for version in sorted(need.allowed) if (need.other, version) in at]
        rows.append([(at[need.of], 1.0), *((index, -1.0) for index in allowed if index != at[need.of])])
        lower.append(-float("inf"))
        upper.append(1.0 if at[need.of] in allowed else 0.0)
    for number, bundle in enumerate(bundles):
        for node in sorted(bundle.members):
            rows.append([(len(at) + number, 1.0), (at[node], -1.0)])
            lower.append(-float("inf"))
            upper.append(0.0)
    return rows, lower, upper


def _matrix(rows: Sequence[_Row], size: int) -> Any:
    from scipy.sparse import csr_array

    places = [(number, index, value) for number, row in enumerate(rows) for index, value in row]
    across, down, values = zip(*places, strict=True)
    return csr_array((values, (across, down)), shape=(len(rows), size))


def _contradiction(problem: Problem) -> tuple[int, ...]:
    """Return a minimal set of reasons that contradict each other.

    QuickXplain (U. Junker, AAAI 2004): halves are put aside as long as what is left still contradicts itself, so that k of n reasons take
    some k·log(n/k) questions and not n. Every answer is minimal; what is asked earlier is put aside later, so the order decides which.
    """
    reasons = sorted({need.reason for need in problem.needs})

    def contradict(kept: Sequence[int]) -> bool:
        wanted = set(kept)
        return _solved(problem, [need for need in problem.needs if need.reason in wanted], dear=False) is None

    def explain(background: list[int], added: bool, candidates: list[int]) -> list[int]:
        if added and contradict(background):
            return []
        if len(candidates) == 1:
            return candidates
        half = len(candidates) // 2
        first, second = candidates[:half], candidates[half:]
        later = explain([*background, *first], bool(first), second)
        earlier = explain([*background, *later], bool(later), first)
        return [*earlier, *later]

    return tuple(sorted(explain([], False, reasons)))
