"""A service that is to go back × the desired state → that service and all whose declarations it touches, with what each may run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import islice

from bot.manifests.estate import Service
from bot.objections import Objection, Weight
from bot.plans.plan import Target
from bot.plans.targets import doubtful, targets
from bot.plans.timeline import Held, held, touching
from bot.policy.optimize.requirements import DAMAGE, Candidate, Option, churn
from bot.refs import Instant, ServiceRef
from bot.releases.needs import Needs, Requirement, Said, declared, needs, said_before, said_now, spoken_for
from bot.releases.ordering import Order
from bot.releases.release import DesiredState

DEEP = 40
"""So many values of a place are known by their order."""
BACK = 4
"""So many earlier versions of a service are looked at."""
MOST = 200
"""Services in one question."""
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
    wanted: Sequence[str],
    left: Instant | None,
    barred: Barred,
    suspects: Mapping[ServiceRef, float],
) -> Gathered:
    """Collect the lead, which goes to one of `wanted`, best first, and whoever is tied to it, at any remove.

    `left`: when the first of those was last replaced. `suspects`: how surely what others run now is bad.
    """
    found = Gathered()
    _add(found, state, lead, _asked(state, found, lead, wanted))
    speakers = _speakers(state)
    waiting = [lead.service.ref, *(ref for ref in suspects if ref != lead.service.ref)]
    while waiting and len(found.candidates) < MOST:
        ref = waiting.pop(0)
        line = lead if ref == lead.service.ref else _line(state, ref)
        if line is None:
            continue
        if ref not in found.candidates:
            _add(found, state, line, list(_options(state, line, left, barred, suspects.get(ref, 0.0))))
        tied = {*_named(found.candidates[ref]), *(other for other, said in speakers.items() if ref in _those(said))}
        waiting += sorted(tied - found.candidates.keys() - set(waiting))
    known = found.candidates.keys()
    asked = lead.service.ref
    unread = [each for ref, said in speakers.items() if ref != asked for each in said.wrong if _may_mean(each, lead, ref)]
    found.unread = [replace(each, why=f"{each.why}; whether it needs {asked.name} is not known", weight=Weight.PERSON) for each in unread]
    found.unread += [_versionless(need) for need in found.candidates[asked].options[0].needs.requires if need.other not in known]
    for ref, candidate in found.candidates.items():
        found.candidates[ref] = _among(candidate, known)
    return found


def _versionless(need: Requirement) -> Objection:
    why = f"{need.of} needs {need.clause}, and {need.other} has no version that could be compared"
    return Objection("unknown-requirement", why, Weight.PERSON, need.path, need.line)


def _asked(state: DesiredState, found: Gathered, lead: Standing, wanted: Sequence[str]) -> list[Option]:
    options = []
    for rank, version in enumerate(wanted):
        said = release_needs(state, lead, version)
        if rank == 0:
            now = release_needs(state, lead, lead.now)
            along = [each for each in now.wrong if not each.why.startswith(f"{lead.service.ref}'s requires ")]
            found.wrong[lead.service.ref] = tuple(dict.fromkeys((*said.wrong, *along)))
        if rank == 0 or not said.wrong:
            options.append(Option(version, said, churn(1, unproven=False) + rank))
    return options


def _options(state: DesiredState, line: Standing, left: Instant | None, barred: Barred, suspicion: float) -> Iterator[Option]:
    yield Option(line.now, release_needs(state, line, line.now), suspicion * DAMAGE)
    beside = line.at(left) if left is not None else None
    for target, _ in targets(line.held, barred)[:BACK]:
        said = release_needs(state, line, target.version)
        if not said.wrong:
            price = churn(target.back, doubtful(line.held, target)) - (BESIDE if target.version == beside else 0.0)
            yield Option(target.version, said, price)


def _add(found: Gathered, state: DesiredState, line: Standing, options: Sequence[Option]) -> None:
    ref, now = line.service.ref, release_needs(state, line, line.now)
    found.lines[ref] = line
    found.candidates[ref] = Candidate(ref, line.now, line.order, tuple(options), now.along)
    said = [each.wave for each in (now, *(option.needs for option in options)) if each.wave is not None]
    if said:
        found.waves[ref] = said[0]


def _among(candidate: Candidate, known: Iterable[ServiceRef]) -> Candidate:
    """The same without what it declares of services that have no versions to speak of (none of ours to move or to compare)."""
    here = set(known)
    options = tuple(
        Option(
            each.version,
            Needs(tuple(need for need in each.needs.requires if need.other in here), each.needs.along, each.needs.wave),
            each.cost,
        )
        for each in candidate.options
    )
    along = tuple(each for each in candidate.along if each.other in here)
    return Candidate(candidate.service, candidate.now, candidate.order, options, along)


def _line(state: DesiredState, ref: ServiceRef) -> Standing | None:
    service = state.service(ref)
    return standing(state, service) if service else None


@lru_cache(maxsize=4)
def _speakers(state: DesiredState) -> Mapping[ServiceRef, Needs]:
    """What services declare at HEAD, in their manifests or in `.rollbot.yaml`, as far as that can be said without their history."""
    said = declared(state)
    services = [each for each in state.estate.services if each.ref in said or spoken_for(state, each.ref)]
    primary = {each.ref: each.primary.value if each.primary else "" for each in services}
    return {ref: needs(state, ref, primary[ref], Order(), said.get(ref, ())) for ref in sorted(primary)}


def _named(candidate: Candidate) -> set[ServiceRef]:
    required = {need.other for option in candidate.options for need in option.needs.requires}
    return required | {each.other for each in candidate.along}


def _those(said: Needs) -> set[ServiceRef]:
    return {need.other for need in said.requires}


def _may_mean(wrong: Objection, lead: Standing, ref: ServiceRef) -> bool:
    """Whether what cannot be read may speak of the service that goes back: it names it, and is of its environment."""
    return ref.environment == lead.service.ref.environment and lead.service.ref.name in wrong.why.partition(": ")[2]


def wanted_of(version: str, alternatives: Sequence[Target], line: Standing, fixed: bool) -> list[str]:
    """Where the lead may go, best first: as asked, or to another target that its place held."""
    known = {each.value for each in line.held}
    others = [] if fixed else [each.version for each in alternatives if each.version in known and each.version != version]
    return [version, *(other for other in others if other != line.now)]
