"""A service that is to go back × the desired state → that service and all whose declarations it touches, with what each may run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import islice, takewhile

from bot.manifests.estate import Service
from bot.objections import Objection, Weight
from bot.plans.plan import Target
from bot.plans.targets import doubtful, targets
from bot.plans.timeline import Held, held, touching
from bot.policy.optimize.requirements import DAMAGE, Candidate, Option, Reason, churn
from bot.refs import Instant, ServiceRef
from bot.releases.needs import Needs, Requirement, Said, declared, needs, said_before, said_now, spoken_for
from bot.releases.ordering import Order
from bot.releases.release import DesiredState
from bot.releases.requires import admits

DEEP = 40
"""So many values of a place are known by their order."""
BACK = 4
"""So many earlier versions of a service are looked at."""
MOST = 200
"""Services in one question."""
LATER = 1.1
"""What each later target costs of the service that was asked for: a little more than to take one other service along."""
BESIDE = 0.2
"""What a version costs less that stood beside the one the asked service goes back to: they served together."""

Barred = Callable[[Held], bool]


@dataclass(frozen=True, slots=True)
class Standing:
    """What a service's version has been, newest first."""

    service: Service
    held: tuple[Held, ...]

    @property
    def order(self) -> Order:
        return Order(tuple(each.value for each in self.held))

    @property
    def now(self) -> str:
        return self.held[0].value

    def at(self, when: Instant) -> str | None:
        """What stood just before a time."""
        return next((each.value for each in self.held if each.since < when), None)


def standing(state: DesiredState, service: Service) -> Standing | None:
    """None where the service has no version, or nobody knows since when it has it."""
    pin = service.primary
    values = tuple(islice(held(state, pin, touching(state, [pin.path])[pin.path]), DEEP)) if pin else ()
    if pin and not values:
        return Standing(service, (Held(pin.value, pin, state.log[-1].sha, state.log[-1].time, None),))
    return Standing(service, values) if values else None


@dataclass(slots=True)
class Gathered:
    """All candidates of one question. `unread`: declarations of services that stay and may speak of the one that goes back."""

    candidates: dict[ServiceRef, Candidate] = field(default_factory=dict)
    lines: dict[ServiceRef, Standing] = field(default_factory=dict)
    waves: dict[ServiceRef, int] = field(default_factory=dict)
    wrong: dict[ServiceRef, tuple[Objection, ...]] = field(default_factory=dict)
    unread: list[Objection] = field(default_factory=list)


def release_needs(state: DesiredState, line: Standing, version: str) -> Needs:
    """What a release of a service declares: its manifests now, where it stands; else as they were when it was last replaced."""
    at = next((index for index, each in enumerate(line.held) if each.value == version), None)
    said: tuple[Said, ...] = ()
    if at is not None:
        said = said_now(state, line.service) if at == 0 else said_before(state, line.service, line.held[at - 1].commit)
    return needs(state, line.service.ref, version, line.order, said)


def gather(
    state: DesiredState,
    lead: Standing,
    wanted: Sequence[tuple[str, float]],
    left: Instant | None,
    barred: Barred,
    suspects: Mapping[ServiceRef, float],
) -> Gathered:
    """Collect the lead, which goes to one of `wanted`, best first, each with its price, and all that may have to move for it.

    Whoever fits, as it stands, with everything that those may run has no reason to move, and is left out: the answer is the same.

    `left`: when the first of those was last replaced. `suspects`: how surely what others run now is bad; it counts for those that are
    tied to the lead, and those that the same commit moved.
    """
    found = Gathered()
    _add(found, state, lead, _asked(state, found, lead, wanted))
    speakers = speakers_of(state)
    beside = (ref for ref in sorted(suspects, key=str) if (line := _line(state, ref)) and line.held[0].commit == lead.held[0].commit)
    waiting = [lead.service.ref, *beside]
    while waiting and len(found.candidates) < MOST:
        ref = waiting.pop(0)
        line = lead if ref == lead.service.ref else _line(state, ref)
        if line is None:
            continue
        if ref not in found.candidates:
            _add(found, state, line, list(_options(state, line, left, barred, suspects.get(ref, 0.0))))
        pushed = {*_pushed(state, found.candidates[ref]), *_pushing_back(found.candidates[ref], speakers)}
        waiting += sorted(pushed - found.candidates.keys() - set(waiting), key=str)
    asked = lead.service.ref
    unread = [each for ref, said in speakers.items() if ref != asked for each in said.wrong if _may_mean(each, lead, ref)]
    found.unread = [replace(each, why=f"{each.why}; whether it needs {asked.name} is not known", weight=Weight.PERSON) for each in unread]
    if waiting:
        why = f"more than {MOST} services may have to move for {asked.name} by what they declare; the others were not looked at"
        found.unread.append(Objection("group-too-large", why, Weight.PERSON))
    own = found.candidates[asked]
    wanting: tuple[Reason, ...] = (*own.options[0].needs.requires, *own.along)
    found.unread += [_versionless(need) for need in wanting if not ((service := state.service(need.other)) and service.primary)]
    return found


def _versionless(reason: Reason) -> Objection:
    what = f"needs {reason.clause}" if isinstance(reason, Requirement) else f"says that {reason.other} goes back with it"
    why = f"{reason.of} {what}, and {reason.other} has no version that could be compared or go back"
    return Objection("unknown-requirement", why, Weight.PERSON, reason.path, reason.line)


def _asked(state: DesiredState, found: Gathered, lead: Standing, wanted: Sequence[tuple[str, float]]) -> list[Option]:
    options = []
    for rank, (version, price) in enumerate(wanted):
        said = release_needs(state, lead, version)
        if rank == 0:
            now = release_needs(state, lead, lead.now)
            along = [each for each in now.wrong if not each.why.startswith(f"{lead.service.ref}'s requires ")]
            found.wrong[lead.service.ref] = tuple(dict.fromkeys((*said.wrong, *along)))
        if rank == 0 or not said.wrong:
            options.append(Option(version, said, price))
    return options


def _options(state: DesiredState, line: Standing, left: Instant | None, barred: Barred, suspicion: float) -> Iterator[Option]:
    yield Option(line.now, release_needs(state, line, line.now), suspicion * DAMAGE)
    beside = line.at(left) if left is not None else None
    for target, _ in targets(line.held, barred)[:BACK]:
        said = release_needs(state, line, target.version)
        if not said.wrong:
            damaged = _damaged(state, line, target.version)
            price = churn(target.back, doubtful(line.held, target), damaged) - (BESIDE if target.version == beside else 0.0)
            yield Option(target.version, said, price)


def _damaged(state: DesiredState, line: Standing, version: str) -> bool:
    """Whether one of the releases that would go back says that its migration took something away."""
    newer = takewhile(lambda each: each.value != version, line.held)
    return any(release_needs(state, line, each.value).damages for each in newer)


def _add(found: Gathered, state: DesiredState, line: Standing, options: Sequence[Option]) -> None:
    ref, now = line.service.ref, release_needs(state, line, line.now)
    found.lines[ref] = line
    found.candidates[ref] = Candidate(ref, line.now, line.order, tuple(options), now.along)
    said = [each.wave for each in (now, *(option.needs for option in options)) if each.wave is not None]
    if said:
        found.waves[ref] = said[0]


def _line(state: DesiredState, ref: ServiceRef) -> Standing | None:
    service = state.service(ref)
    return standing(state, service) if service else None


@lru_cache(maxsize=2)
def speakers_of(state: DesiredState) -> Mapping[ServiceRef, Needs]:
    """What services declare at HEAD, in their manifests or in `.rollbot.yaml`, as far as that can be said without their history."""
    said = declared(state)
    services = [each for each in state.estate.services if each.ref in said or spoken_for(state, each.ref)]
    primary = {each.ref: each.primary.value if each.primary else "" for each in services}
    return {ref: needs(state, ref, primary[ref], Order(), said.get(ref, ())) for ref in sorted(primary, key=str)}


def _pushed(state: DesiredState, candidate: Candidate) -> Iterator[ServiceRef]:
    """Yield the services that cannot stay as they are beside one of the versions that the candidate may move to."""
    moves = [option for option in candidate.options if option.version != candidate.now]
    for need in (need for option in moves for need in option.needs.requires):
        service = state.service(need.other)
        pin = service.primary if service else None
        if pin is None or admits(need.clause.bounds, pin.value, Order()):
            continue
        line = _line(state, need.other)  # its own order of releases may tell where numbers do not
        if line is None or not admits(need.clause.bounds, line.now, line.order):
            yield need.other
    yield from (along.other for along in candidate.along if moves)


def _pushing_back(candidate: Candidate, speakers: Mapping[ServiceRef, Needs]) -> Iterator[ServiceRef]:
    """Yield the services that run well beside the candidate now, and not beside one of the versions that it may run."""
    for other, said in speakers.items():
        for need in said.requires if other != candidate.service else ():
            if need.other != candidate.service or not admits(need.clause.bounds, candidate.now, candidate.order):
                continue
            if not all(admits(need.clause.bounds, option.version, candidate.order) for option in candidate.options):
                yield other


def _may_mean(wrong: Objection, lead: Standing, ref: ServiceRef) -> bool:
    """Whether what cannot be read may speak of the service that goes back: it names it, and is of its environment."""
    return ref.environment == lead.service.ref.environment and lead.service.ref.name in wrong.why.partition(": ")[2]


def wanted_of(version: str, alternatives: Sequence[Target], line: Standing, fixed: bool) -> list[tuple[str, float]]:
    """Where the lead may go, best first, with what that costs: as planned, or to another target that its place held.

    The one that is planned costs least; each that comes after it in the order of targets costs a little more than moving another service,
    one that has not proven itself as much more as anybody's.
    """
    known = {each.value for each in line.held}
    others = [] if fixed else [each for each in alternatives if each.version in known and each.version not in (version, line.now)]
    prices = [churn(1, doubtful(line.held, each)) + LATER * rank for rank, each in enumerate(others, 1)]
    return [(version, churn(1, unproven=False)), *((each.version, price) for each, price in zip(others, prices, strict=True))]
