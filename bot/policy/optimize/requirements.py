"""What services may run × what each of those releases declares → which of them go back together, or what contradicts itself.

The question is put to `milp.py`; here it is asked in the words of releases and answered with the declarations that decided it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from bot.policy.optimize.milp import Bundle, Contradiction, Need, Problem, solve
from bot.refs import ServiceRef
from bot.releases.needs import Along, Needs, Requirement
from bot.releases.ordering import Order
from bot.releases.requires import admits

MOVE = 1.0
"""What it costs to take one service back by one release: the unit of all costs."""
FURTHER = 0.25
"""What each release further back costs."""
UNPROVEN = 2.0
"""What it costs to go to a version that served less than four hours, or was itself rolled back from."""
DAMAGE = 20.0
"""What it costs to leave a release in place that is certainly bad: some twenty moves (facts of the decision: wrong 15, person 20)."""
SHARED = 0.5
"""What each service beyond the first saves where a whole release train goes back: those versions served together."""

Reason = Requirement | Along


@dataclass(frozen=True, slots=True)
class Option:
    """A version that a service may run, what that release needs, and what it costs to run it."""

    version: str
    needs: Needs
    cost: float


@dataclass(frozen=True, slots=True)
class Candidate:
    """A service: `now` is what it runs, among `options` only where it may stay. `along` is what the release that runs declares."""

    service: ServiceRef
    now: str
    order: Order
    options: tuple[Option, ...]
    along: tuple[Along, ...] = ()


@dataclass(frozen=True, slots=True)
class Together:
    """`moves`: what goes back, to which version. `because`: for each of them the declarations that make it go, "" of the asked one.

    `ignored`: requirements that are not met today either, between services that stay.
    """

    moves: Mapping[ServiceRef, str]
    because: Mapping[ServiceRef, tuple[Reason, ...]]
    versions: Mapping[ServiceRef, str]
    ignored: tuple[Requirement, ...] = ()


@dataclass(frozen=True, slots=True)
class Apart:
    """Declarations that no versions satisfy all at once, while leaving any one of them out leaves some that do."""

    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Circle:
    """Requirements that lead from a service that goes back round to itself: no order of going back keeps them all."""

    reasons: tuple[Requirement, ...]


def churn(back: int, unproven: bool) -> float:
    """What it costs to take a service `back` releases back."""
    return MOVE + FURTHER * max(0, back - 1) + (UNPROVEN if unproven else 0.0)


def settle(candidates: Sequence[Candidate], trains: Iterable[Mapping[ServiceRef, str]] = ()) -> Together | Apart | Circle:
    """Find the cheapest set of versions that is compatible with itself and with everything that stays.

    `trains`: versions that stood together before one commit moved all of them.
    """
    asked = _Asked({each.service: each for each in candidates})
    for each in candidates:
        asked.ask(each)
    costs = {str(each.service): {option.version: option.cost for option in each.options} for each in candidates}
    bundles = tuple(_bundle(train) for train in trains if len(train) > 1)
    answer = solve(Problem(costs, tuple(asked.needs), bundles))
    if isinstance(answer, Contradiction):
        return Apart(tuple(asked.reasons[number] for number in answer.reasons))
    chosen = {each.service: answer.versions[str(each.service)] for each in candidates}
    moves = {each.service: chosen[each.service] for each in candidates if chosen[each.service] != each.now}
    if circle := _circle(candidates, chosen, moves):
        return Circle(circle)
    return Together(moves, {ref: tuple(asked.why(ref, chosen)) for ref in moves}, chosen, tuple(asked.ignored))


def broken(candidates: Iterable[Candidate], versions: Mapping[ServiceRef, str]) -> Iterator[Requirement]:
    """Yield the requirements that do not hold while these versions run, and did hold before."""
    known = {each.service: each for each in candidates}
    for each in known.values():
        option = next((option for option in each.options if option.version == versions[each.service]), None)
        for need in option.needs.requires if option else ():
            other = known.get(need.other)
            if other is None or admits(need.clause.bounds, versions[need.other], other.order):
                continue
            if versions[each.service] != each.now or admits(need.clause.bounds, other.now, other.order):
                yield need


@dataclass(slots=True)
class _Asked:
    """The rows that are put to the solver, and what each of them stands for."""

    known: Mapping[ServiceRef, Candidate]
    needs: list[Need] = field(default_factory=list)
    reasons: list[Reason] = field(default_factory=list)
    ignored: list[Requirement] = field(default_factory=list)
    numbers: dict[Reason, int] = field(default_factory=dict)

    def ask(self, candidate: Candidate) -> None:
        for option in candidate.options:
            for need in option.needs.requires:
                self._require(candidate, option, need)
            if option.version != candidate.now:
                for along in candidate.along:
                    moved = frozenset(
                        each.version for each in self.known[along.other].options if each.version != self.known[along.other].now
                    )
                    self._row(candidate, option, along, moved)

    def _require(self, candidate: Candidate, option: Option, need: Requirement) -> None:
        other = self.known[need.other]
        allowed = frozenset(each.version for each in other.options if admits(need.clause.bounds, each.version, other.order))
        if option.version == candidate.now and not admits(need.clause.bounds, other.now, other.order):
            self.ignored.append(need)  # it runs so today: whoever leaves it so breaks nothing
            return
        self._row(candidate, option, need, allowed)

    def _row(self, candidate: Candidate, option: Option, reason: Reason, allowed: frozenset[str]) -> None:
        number = self.numbers.setdefault(reason, len(self.reasons))
        if number == len(self.reasons):
            self.reasons.append(reason)
        self.needs.append(Need((str(candidate.service), option.version), str(reason.other), allowed, number))

    def why(self, service: ServiceRef, chosen: Mapping[ServiceRef, str]) -> Iterator[Reason]:
        """Yield what makes a service move: what others need of it, and what it would need of them if it stayed."""
        name, now = str(service), self.known[service].now
        versions = {str(ref): version for ref, version in chosen.items()}
        seen: set[Reason] = set()
        for need in self.needs:
            pushed = need.other == name and need.of[0] != name and versions[need.of[0]] == need.of[1] and now not in need.allowed
            stuck = need.of == (name, now) and versions.get(need.other) not in need.allowed
            reason = self.reasons[need.reason]
            if (pushed or stuck) and reason not in seen:
                seen.add(reason)
                yield reason


def _bundle(train: Mapping[ServiceRef, str]) -> Bundle:
    return Bundle(frozenset((str(ref), version) for ref, version in train.items()), SHARED * (len(train) - 1))


def _circle(candidates: Iterable[Candidate], chosen: Mapping[ServiceRef, str], moves: Mapping[ServiceRef, str]) -> tuple[Requirement, ...]:
    """A shortest way of requirements from a service that moves round to itself, () where there is none."""
    needs = {
        each.service: next((option.needs.requires for option in each.options if option.version == chosen[each.service]), ())
        for each in candidates
    }
    for start in moves:
        ways: list[tuple[Requirement, ...]] = [(need,) for need in needs[start]]
        seen: set[ServiceRef] = set()
        while ways:
            way, *ways = ways
            here = way[-1].other
            if here == start:
                return way
            if here not in seen:
                seen.add(here)
                ways += [(*way, need) for need in needs.get(here, ())]
    return ()
