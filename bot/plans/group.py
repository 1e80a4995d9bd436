"""A plan for one service → the same with all that has to go back with it, in one commit or in waves; or what speaks against it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from bot.objections import Objection, Weight
from bot.plans.candidates import Gathered, Standing, gather, release_needs, standing, wanted_of
from bot.plans.joined import joined
from bot.plans.plan import Plan, Unplanned
from bot.plans.timeline import Held
from bot.policy.optimize.requirements import Apart, Circle, Reason, Together, broken, settle
from bot.quarantine import Quarantine
from bot.refs import ServiceRef, Sha
from bot.releases.needs import Along, Needs, declared
from bot.releases.release import DesiredState
from bot.releases.requires import admits

Again = Callable[[ServiceRef, Sha, str], Plan | Unplanned]
"""Plans one service's release back to a version."""

NOBODY: Mapping[ServiceRef, float] = MappingProxyType({})
SHOWN = 5


def grouped(
    plan: Plan,
    state: DesiredState,
    again: Again,
    quarantines: Collection[Quarantine] = (),
    *,
    fixed: bool = False,
    suspects: Mapping[ServiceRef, float] = NOBODY,
) -> Plan:
    """Return the plan as it is where nobody declares anything of its service; else the group, or the plan with what forbids it.

    `again` plans the others; `fixed`: the target was asked for by name; `suspects`: how surely what other services run is bad.
    """
    line, version = _led(plan, state)
    if line is None or version is None or not _concerns(state, line, version, suspects):
        return plan
    left = plan.target.left if plan.target else None
    wanted = wanted_of(version, plan.alternatives, line, fixed)
    found = gather(state, line, wanted, left, _barred(quarantines), suspects)
    if wrong := found.wrong[line.service.ref]:
        return _against(plan, *(replace(each, why=f"{each.why}; until that is mended the service stays as it is") for each in wrong))
    match settle(tuple(found.candidates.values()), _trains(found, line)):
        case Apart(reasons):
            return _against(plan, *_contradiction(line, wanted, reasons))
        case Circle(reasons):
            return _against(plan, *_round(reasons))
        case Together() as answer:
            return _together(plan, version, line, found, answer, state, again)


def checked(plan: Plan, state: DesiredState) -> Plan:
    """The same plan with the requirements that would not hold after it: what was named exactly is not widened."""
    moved = {ref: version for ref in plan.services for version in [_version_after(plan, state, ref)] if version}
    for ref, version in moved.items():
        service = state.service(ref)
        line = standing(state, service) if service else None
        if line is None or not _concerns(state, line, version, NOBODY):
            continue
        found = gather(state, line, [version], None, _barred(()), NOBODY)
        after = {other: moved.get(other, each.now) for other, each in found.candidates.items()}
        unmet = [_unmet(each, after) for each in broken(found.candidates.values(), after)]
        plan = replace(plan, objections=(*plan.objections, *(each for each in (*found.wrong[ref], *unmet) if each not in plan.objections)))
    return plan


def _led(plan: Plan, state: DesiredState) -> tuple[Standing | None, str | None]:
    """The one service whose version the plan takes back, and to which."""
    service = state.service(plan.services[0]) if len(plan.services) == 1 else None
    version = _version_after(plan, state, service.ref) if service else None
    return (standing(state, service), version) if service and version else (None, None)


def _version_after(plan: Plan, state: DesiredState, ref: ServiceRef) -> str | None:
    """The version that a service has after the plan, None where it keeps its own."""
    service = state.service(ref)
    pin = service.primary if service else None
    if pin is None:
        return None
    place = (pin.path, pin.yaml_path, pin.line)
    return next((edit.after for edit in plan.edits if (edit.path, edit.yaml_path, edit.line) == place), None)


def _concerns(state: DesiredState, line: Standing, version: str, suspects: Mapping[ServiceRef, float]) -> bool:
    """Whether there is anything to ask: somebody declares something, today or of the version that it goes back to."""
    if declared(state) or state.rules.groups or suspects:
        return True
    return release_needs(state, line, version) != Needs()


def _barred(quarantines: Collection[Quarantine]) -> Callable[[Held], bool]:
    def barred(held: Held) -> bool:
        pin = held.pin
        return any(each.holds(pin.path, pin.yaml_path, pin.artefact, held.value) for each in quarantines)

    return barred


def _trains(found: Gathered, lead: Standing) -> list[Mapping[ServiceRef, str]]:
    """The versions that stood before the commit that brought in what the lead runs, of all that it moved."""
    commit = lead.held[0].commit
    moved = {ref: line.held[1].value for ref, line in found.lines.items() if len(line.held) > 1 and line.held[0].commit == commit}
    options = {ref: {each.version for each in candidate.options} for ref, candidate in found.candidates.items()}
    train = {ref: version for ref, version in moved.items() if version in options[ref]}
    return [train] if len(train) > 1 else []


def _together(plan: Plan, version: str, line: Standing, found: Gathered, answer: Together, state: DesiredState, again: Again) -> Plan:
    lead = line.service.ref
    parts: list[Plan] = []
    for ref in sorted(answer.moves, key=lambda each: (each != lead, each)):
        to, held = answer.moves[ref], found.lines[ref].held
        part = plan if ref == lead and to == version else again(ref, plan.undone or held[0].commit if ref == lead else held[0].commit, to)
        if isinstance(part, Unplanned):
            why = f"{ref} has to go back to {to} too, and that cannot be planned: {part.objections[0].why}"
            return _against(plan, Objection("group-unplanned", why, Weight.FORBIDS))
        parts.append(part)
    said = [*found.unread, *_chosen_otherwise(version, answer.moves[lead], found, line), *_ignored(answer, lead)]
    if len(parts) == 1:
        return replace(parts[0], objections=(*parts[0].objections, *said))
    waves = {ref: found.waves.get(ref, 0) for ref in answer.moves}
    parts = [replace(part, wave=waves[part.services[0]]) for part in parts]
    return joined(parts, state, (*_members(answer, parts, lead), *said, *_between(found, answer, waves)))


def _members(answer: Together, parts: Sequence[Plan], lead: ServiceRef) -> list[Objection]:
    """Say of each service that goes along what makes it."""
    told = []
    for part in parts:
        ref = part.services[0]
        if ref == lead:
            continue
        reasons = answer.because[ref]
        first = reasons[0] if reasons else None
        because = "; ".join(f"{_said(each)} ({each.path}:{each.line})" for each in reasons[:SHOWN]) or "it is suspected itself"
        why = f"{ref} goes along, {part.undone_version} → {answer.moves[ref]}: {because}"
        told.append(Objection("goes-along", why, Weight.NOTE, first.path if first else None, first.line if first else None))
    return told


def _chosen_otherwise(version: str, chosen: str, found: Gathered, line: Standing) -> list[Objection]:
    """Say why another target than the usual one was taken: that one needs more of others than this one costs."""
    if chosen == version:
        return []
    needs = found.candidates[line.service.ref].options[0].needs.requires
    unmet = [need for need in needs if not admits(need.clause.bounds, found.lines[need.other].now, found.lines[need.other].order)]
    what = "; ".join(f"{need.clause} ({need.path}:{need.line})" for need in unmet[:SHOWN]) or "another version of others"
    why = f"{chosen} and not {version}: that one needs {what}; name it with --to to take it all the same"
    return [Objection("another-target", why, Weight.NOTE, unmet[0].path if unmet else None, unmet[0].line if unmet else None)]


def _ignored(answer: Together, lead: ServiceRef) -> list[Objection]:
    return [
        Objection("unmet-today", f"{need.of} needs {need.clause}, which does not hold today either", Weight.NOTE, need.path, need.line)
        for need in answer.ignored
        if lead in (need.of, need.other) and need.of not in answer.moves
    ]


def _between(found: Gathered, answer: Together, waves: Mapping[ServiceRef, int]) -> list[Objection]:
    """What would not hold between two waves: they are ordered wrongly, and a person has to say so."""
    told = []
    versions = {ref: candidate.now for ref, candidate in found.candidates.items()}
    for wave in sorted(set(waves.values()))[:-1]:
        versions |= {ref: version for ref, version in answer.moves.items() if waves[ref] == wave}
        for need in broken(found.candidates.values(), versions):
            runs = f"{need.of} {versions[need.of]} would run beside {need.other} {versions[need.other]}"
            why = f"after wave {wave} {runs}, and needs {need.clause}; give {need.other} a later wave, or both the same"
            told.append(Objection("between-waves", why, Weight.PERSON, need.path, need.line))
    return told


def _against(plan: Plan, *objections: Objection) -> Plan:
    return replace(plan, objections=(*plan.objections, *objections))


def _contradiction(line: Standing, wanted: Sequence[str], reasons: Sequence[Reason]) -> list[Objection]:
    """One objection for the whole, and one for each declaration of the smallest set that contradicts itself."""
    places = ", ".join(f"{each.path}:{each.line}" for each in reasons[:SHOWN])
    versions = ", ".join(wanted[:SHOWN])
    what = f"{len(reasons)} declarations contradict each other" if len(reasons) > 1 else "a declaration cannot be met"
    why = f"{line.service.ref} cannot go back to {versions}: {what} ({places}); left out, any one of them makes it possible"
    first = Objection("contradicting-requirements", why, Weight.FORBIDS, reasons[0].path, reasons[0].line)
    return [first, *(Objection("contradicting-requirement", f"{_said(each)}", Weight.NOTE, each.path, each.line) for each in reasons)]


def _round(reasons: Sequence[Reason]) -> list[Objection]:
    way = " → ".join(str(each.of) for each in (*reasons, reasons[0]))
    places = ", ".join(f"{each.path}:{each.line}" for each in reasons[:SHOWN])
    why = f"requirements go round in a circle, {way} ({places}): no order keeps them all; rollback-with says what goes back together"
    first = Objection("circular-requirements", why, Weight.FORBIDS, reasons[0].path, reasons[0].line)
    return [first, *(Objection("circular-requirement", _said(each), Weight.NOTE, each.path, each.line) for each in reasons)]


def _unmet(need: Reason, after: Mapping[ServiceRef, str]) -> Objection:
    why = f"{_said(need)}, and {need.other} would be {after[need.other]}; `rollbot rollback {need.other.name}` takes what fits"
    return Objection("unmet-requirement", why, Weight.PERSON, need.path, need.line)


def _said(reason: Reason) -> str:
    if isinstance(reason, Along):
        return f"{reason.of} says that {reason.other} goes back with it"
    return f"{reason.of} needs {reason.clause}"
