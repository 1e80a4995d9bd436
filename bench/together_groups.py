"""Groups: the program against brute force on small estates, minimal contradictions, and its time on a large one."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping
from itertools import product

from bot.policy.optimize.milp import Bundle, Chosen, Contradiction, Need, Problem, solve

SMALL = 500
LARGE = 40
SERVICES, VERSIONS, CONFLICTS = 60, 5, 400
SEED = 20261124


def measure() -> Mapping[str, object]:
    """Print what was seen, and return `milp_agree` (share of small estates answered as by force) and `milp_ms_p95` of large ones."""
    draw = random.Random(SEED)
    problems = [_small(draw) for _ in range(SMALL)]
    agreed = sum(_agrees(problem) for problem in problems)
    contradictions = [(problem, answer) for problem in problems if isinstance(answer := solve(problem), Contradiction)]
    minimal = sum(_minimal(problem, answer) for problem, answer in contradictions)
    feasible, taken = _timed([_large(draw, infeasible=False) for _ in range(LARGE)])
    refused, explained = _timed([_large(draw, infeasible=True) for _ in range(LARGE)])
    print(f"{SMALL} small estates: {agreed} answered as trying all choices answers them, at the same cost")
    print(f"{len(contradictions)} of them contradict themselves: {minimal} explained by a set that any one part left out of makes feasible")
    shape = f"{SERVICES} services × {VERSIONS} versions × {CONFLICTS} conflicts"
    print(f"{shape}: {feasible} of {LARGE} answered; median {_at(taken, 0.5):.1f} ms, p95 {_at(taken, 0.95):.1f} ms")
    print(
        f"the same, made contradictory: {LARGE - refused} explained; median {_at(explained, 0.5):.1f} ms, p95 {_at(explained, 0.95):.1f} ms"
    )
    same = agreed == SMALL and minimal == len(contradictions)
    return {"milp_agree": 1.0 if same else round(min(agreed / SMALL, minimal / max(1, len(contradictions))), 4), "milp_ms_p95": _p95(taken)}


def _p95(taken: list[float]) -> float:
    return round(_at(taken, 0.95), 1)


def _at(taken: list[float], share: float) -> float:
    return sorted(taken)[min(len(taken) - 1, round(share * (len(taken) - 1)))]


def _timed(problems: list[Problem]) -> tuple[int, list[float]]:
    """How many were answered with a choice, and the time of each in milliseconds."""
    chosen, taken = 0, []
    solve(problems[0])
    for problem in problems:
        began = time.perf_counter()
        answer = solve(problem)
        taken.append((time.perf_counter() - began) * 1000)
        chosen += isinstance(answer, Chosen)
        if isinstance(answer, Chosen):
            assert problem.fits(answer.versions)
    return chosen, taken


def _agrees(problem: Problem) -> bool:
    answer = solve(problem)
    choices = (dict(zip(problem.costs, versions, strict=True)) for versions in product(*problem.costs.values()))
    least = min((problem.cost(chosen) for chosen in choices if problem.fits(chosen)), default=None)
    if isinstance(answer, Contradiction) or least is None:
        return isinstance(answer, Contradiction) and least is None
    return problem.fits(answer.versions) and abs(answer.cost - least) < 1e-9


def _minimal(problem: Problem, answer: Contradiction) -> bool:
    """Whether the set contradicts itself, and no longer does where any one of it is left out."""

    def fits(reasons: frozenset[int]) -> bool:
        kept = Problem(problem.costs, tuple(need for need in problem.needs if need.reason in reasons))
        choices = (dict(zip(kept.costs, versions, strict=True)) for versions in product(*kept.costs.values()))
        return any(kept.fits(chosen) for chosen in choices)

    whole = frozenset(answer.reasons)
    return not fits(whole) and all(fits(whole - {reason}) for reason in whole)


def _small(draw: random.Random) -> Problem:
    """Up to six services with up to four versions, and needs enough that some contradict each other."""
    names = [f"s{number}" for number in range(draw.randint(2, 6))]
    costs = {name: {str(version): draw.randint(0, 80) / 10 for version in range(draw.randint(1, 4))} for name in names}
    nodes = [(name, version) for name in names for version in costs[name]]
    needs = []
    for number in range(draw.randint(0, 14)):
        other = draw.choice(names)
        allowed = frozenset(version for version in costs[other] if draw.random() < 0.4)
        needs.append(Need(draw.choice(nodes), other, allowed, number))
    members = {name: draw.choice(list(costs[name])) for name in draw.sample(names, 2)}
    return Problem(costs, tuple(needs), (Bundle(frozenset(members.items()), draw.randint(0, 20) / 10),))


def _large(draw: random.Random, infeasible: bool) -> Problem:
    """Pairs of versions that do not go together, none of them in one hidden choice; a few services have to move.

    Made infeasible: the service that has to move needs, over a chain of others, what it itself rules out.
    """
    names = [f"s{number:02d}" for number in range(SERVICES)]
    hidden = {name: str(draw.randrange(VERSIONS)) for name in names}
    costs = {name: {str(version): round(draw.uniform(0.5, 6.0), 2) * (version > 0) for version in range(VERSIONS)} for name in names}
    moved = draw.sample(names, 3)
    for name in moved:
        costs[name]["0"] = 1000.0
    needs: list[Need] = []
    while len(needs) < CONFLICTS:
        one, other = draw.sample(names, 2)
        first, second = str(draw.randrange(VERSIONS)), str(draw.randrange(VERSIONS))
        if (hidden[one], hidden[other]) != (first, second):
            needs.append(Need((one, first), other, frozenset(costs[other]) - {second}, len(needs)))
    if infeasible:
        chain = [*draw.sample(names, 4)]
        for number, (before, after) in enumerate(zip(chain, [*chain[1:], chain[0]], strict=True)):
            wanted = frozenset({"1", "2"}) if number % 2 == 0 else frozenset({"3"})
            for version in costs[before]:
                needs.append(Need((before, version), after, wanted if number < 3 else frozenset({"4"}), CONFLICTS + number))
        needs += [Need((chain[0], version), chain[0], frozenset({"0"}), CONFLICTS + 9) for version in costs[chain[0]]]
    return Problem(costs, tuple(needs))
