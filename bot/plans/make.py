"""A selector × desired state → plan, or why there is none."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from difflib import get_close_matches

from bot.manifests.estate import Service
from bot.manifests.pin import Pin
from bot.objections import Objection, Weight
from bot.plans.automation import turned_off
from bot.plans.back import Back, Lead, companions, left_behind, together, written
from bot.plans.charts import with_versions
from bot.plans.choosing import chosen as chosen_target
from bot.plans.choosing import never_held, no
from bot.plans.doubts import doubts
from bot.plans.draft import changed, edits_of, merged_of, rewritten, whole_files
from bot.plans.family import family
from bot.plans.group import checked, grouped
from bot.plans.naming import by_version
from bot.plans.plan import ByCommit, ByPath, ByRelease, ByService, Plan, Selector, Target, Unplanned
from bot.plans.risk import risks
from bot.plans.targets import doubtful, targets
from bot.plans.timeline import Held, held, touching
from bot.plans.undo import undo
from bot.quarantine import Quarantine
from bot.refs import ServiceRef, Sha
from bot.releases.authors import rolled_back_in
from bot.releases.history import release_identity
from bot.releases.lineage import reading
from bot.releases.release import Commit, DesiredState

ALTERNATIVES = 3


def make(
    selector: Selector, state: DesiredState, *, to: str | None = None, pins_only: bool = False, quarantines: tuple[Quarantine, ...] = ()
) -> Plan | Unplanned:
    """Plan the rollback that `selector` asks for, with what has to go back with it. Pure; the answer depends on its arguments alone."""
    plan = alone(selector, state, to=to, pins_only=pins_only, quarantines=quarantines)
    if isinstance(plan, Unplanned):
        return plan
    if isinstance(selector, ByCommit | ByPath):
        return checked(plan, state)

    def again(service: ServiceRef, commit: Sha, version: str) -> Plan | Unplanned:
        return alone(ByRelease(service, commit), state, to=version, pins_only=pins_only, quarantines=quarantines)

    return grouped(plan, state, again, quarantines, fixed=to is not None)


def alone(
    selector: Selector, state: DesiredState, *, to: str | None = None, pins_only: bool = False, quarantines: tuple[Quarantine, ...] = ()
) -> Plan | Unplanned:
    """Plan what was asked for and nothing else."""
    match selector:
        case ByCommit(commit=revision):
            found = _commit(state, revision)
            return found if isinstance(found, Unplanned) else _undo(state, found, None)
        case ByRelease(service=ref, commit=sha):
            service = state.service(ref)
            commit = _commit(state, sha)
            if service is None or isinstance(commit, Unplanned):
                return commit if isinstance(commit, Unplanned) else _unknown_service(state, ref.name)
            return _release(state, service, commit, to, pins_only, quarantines)
        case ByService():
            return _service(state, selector, to, pins_only, quarantines)
        case ByPath():
            return _path(state, selector, to, pins_only, quarantines)


def _commit(state: DesiredState, revision: str) -> Commit | Unplanned:
    if revision in ("HEAD", "@"):
        return state.log[0]
    if exact := next((commit for commit in state.log if commit.sha == revision), None):
        return exact  # most are new ones: the whole line is not gone through for them
    found = [commit for commit in state.log if len(revision) >= 4 and commit.sha.startswith(revision)]
    if len(found) == 1:
        return found[0]
    if found:
        return no("ambiguous-commit", f"{revision} fits several commits", [c.sha[:12] + " " + c.subject for c in found])
    more = " (the clone is shallow; fetch more of it)" if state.shallow else "; for a merged branch, name the merge commit"
    return no("unknown-commit", f"{revision} is not on the first-parent line of this branch{more}")


def _undo(state: DesiredState, commit: Commit, paths: Iterable[str] | None) -> Plan | Unplanned:
    done = undo(state, commit, paths)
    files, quiet = turned_off(state, commit, changed(state, {path: file.text for path, file in done.items()}))
    files, raised = with_versions(state, commit, files)
    moved = [o for file in done.values() for o in file.objections if not (o.code == "moved-on" and (o.path, o.line) in raised)]
    objections = [*moved, *quiet, *raised.values()]
    if not files:
        why = objections or [Objection("nothing-to-undo", "nothing that this commit changed stands at HEAD any more", Weight.FORBIDS)]
        return Unplanned(tuple(why))
    owners = {ref for path in files for ref in state.estate.owners.get(path, ())}
    target = Target(commit.parent[:12], commit.parent, None, "the state before that commit") if commit.parent else None
    return by_version(_plan(state, sorted(owners, key=str), commit, commit.sha[:12], target, [], files, objections), state)


def _service(
    state: DesiredState, selector: ByService, to: str | None, pins_only: bool, quarantines: tuple[Quarantine, ...]
) -> Plan | Unplanned:
    found = state.estate.named(selector.name, selector.environment)
    if not found:
        return _unknown_service(state, selector.name, selector.environment)
    if len(found) > 1:
        return no("ambiguous-service", f"{selector.name} fits several services", [str(service.ref) for service in found])
    service = found[0]
    if not service.pins:
        return no("no-pins", f"{service.ref} has no pins; name what to undo with --commit")
    newest = _newest_pins(state, service)
    if not newest:
        return no("no-earlier-version", f"the history knows no earlier version of {service.ref}")
    lead = service.primary if service.primary in newest else newest[0]
    return _back(state, lead, [service], to, pins_only, quarantines)


def _newest_pins(state: DesiredState, service: Service) -> list[Pin]:
    """Return the pins that the service's newest version release moved: those whose present value is the youngest."""
    touches = touching(state, {pin.path for pin in service.pins})
    order = {commit.sha: index for index, commit in enumerate(state.log)}
    born: dict[int, list[Pin]] = {}
    for pin in service.pins:
        segments = held(state, pin, touches[pin.path])
        first, second = next(segments, None), next(segments, None)
        if first and second:
            born.setdefault(order[first.commit], []).append(pin)
    return born[min(born)] if born else []


def _path(state: DesiredState, selector: ByPath, to: str | None, pins_only: bool, quarantines: tuple[Quarantine, ...]) -> Plan | Unplanned:
    if selector.path not in state.tree:
        near = get_close_matches(selector.path, list(state.tree), 3)
        return no("unknown-path", f"there is no file {selector.path} at HEAD", near)
    read = reading(state, selector.path, state.tree[selector.path])
    chosen = [pin for pin in read.pins if _fits(pin, selector)]
    if not chosen:
        listed = [f"{pin.yaml_path} = {pin.value} ({pin.artefact})" for pin in read.pins]
        return Unplanned(
            (Objection("unknown-pin", "no pin of this file fits", Weight.FORBIDS, selector.path), *read.objections), tuple(listed)
        )
    if len({(pin.artefact, pin.value) for pin in chosen}) > 1:
        listed = [f"{pin.yaml_path} = {pin.value} ({pin.artefact})" for pin in chosen]
        return no("ambiguous-pin", f"several artefacts of {selector.path} fit; narrow it with --artefact, --at-path or --from", listed)
    owners = [service for service in state.estate.services if any(pin in service.pins for pin in chosen)]
    return _back(state, chosen[0], owners, to, pins_only, quarantines, places=chosen)


def _fits(pin: Pin, selector: ByPath) -> bool:
    artefact = selector.artefact
    return (
        (artefact is None or artefact == pin.artefact or pin.artefact.endswith("/" + artefact))
        and (selector.at_path is None or selector.at_path == pin.yaml_path)
        and (selector.value is None or selector.value == pin.value)
    )


def _release(
    state: DesiredState, service: Service, commit: Commit, to: str | None, pins_only: bool, quarantines: tuple[Quarantine, ...]
) -> Plan | Unplanned:
    """Take one release back: its pins to what they held before it; where it moved none, its lines."""
    touches = touching(state, {pin.path for pin in service.pins})
    for pin in sorted(service.pins, key=lambda pin: pin != service.primary):
        segments = list(held(state, pin, touches[pin.path]))
        at = next((i for i, segment in enumerate(segments) if segment.commit == commit.sha), None)
        if at is not None and at + 1 < len(segments):
            return _back(state, pin, [service], to, pins_only, quarantines, at)
    plan = _undo(state, commit, service.files)
    if isinstance(plan, Plan) and service.primary and plan.files.get(service.primary.path, b"") is None:
        return no("no-earlier-version", f"{commit.sha[:8]} brought {service.ref} in; there is nothing before it to go back to")
    return plan


def _back(
    state: DesiredState,
    pin: Pin,
    services: Sequence[Service],
    to: str | None,
    pins_only: bool,
    quarantines: tuple[Quarantine, ...],
    bad: int = 0,
    places: Sequence[Pin] = (),
) -> Plan | Unplanned:
    """Take `pin` back past its segment number `bad` (0: the value that stands now), and with it what moved with it.

    That is all of the services' pins and lines that its releases changed; where `places` were asked for, only their own version,
    in their own file.
    """
    whole = not places
    segments = list(held(state, pin, touching(state, [pin.path])[pin.path]))
    options = targets(segments, _barred(quarantines, {segment.value for segment in segments[: bad + 1]}))
    chosen = chosen_target(pin, segments, options, to)
    if isinstance(chosen, Unplanned):
        return _never_held(state, pin, to, options) if to and not whole and never_held(chosen) else chosen
    target, segment = chosen
    commit = next(commit for commit in state.log if commit.sha == segments[bad].commit)
    if to is None and (ours := rolled_back_in(commit.message)):
        why = f"{segments[bad].value} is itself a rollback ({commit.sha[:8]}, {ours}); to go further back, name the version with --to"
        return Unplanned((Objection("is-rollback", why, Weight.FORBIDS),), tuple(option.version for option, _ in options))
    lead = Lead(pin, segments, segments.index(segment))
    back = together(state, lead, [*family(state, lead, services if whole else ()), *places])
    if whole and not pins_only:
        companions(state, lead, back, {pin.path, *(path for service in services for path in service.files)})
    files = changed(state, written(state, back))
    if not files:
        return Unplanned(tuple(back.objections) or no("nothing-to-do", f"{pin.yaml_path} already holds {target.version}").objections)
    files, quiet = turned_off(state, commit, files) if whole else (files, [])
    objections = [*back.objections, *quiet, *_doubts(segments, target), *(() if whole else left_behind(state, lead))]
    if bad:
        newer = ", ".join(newer_one.value for newer_one in segments[:bad])
        why = f"{newer} came after {segments[bad].value} and goes back with it"
        objections.append(Objection("newer-releases", why, Weight.PERSON, pin.path, pin.line))
    alternatives = [target, *(option for option, _ in options if option.version != target.version)]
    return _plan(state, [service.ref for service in services], commit, segments[bad].value, target, alternatives, files, objections)


def _barred(quarantines: Iterable[Quarantine], bad: set[str]) -> Callable[[Held], bool]:
    def barred(segment: Held) -> bool:
        pin = segment.pin
        return segment.value in bad or any(q.holds(pin.path, pin.yaml_path, pin.artefact, segment.value) for q in quarantines)

    return barred


def _never_held(state: DesiredState, pin: Pin, to: str, options: Sequence[tuple[Target, Held]]) -> Plan | Unplanned:
    """Pin a named place to a version that it never held: only where the place was named exactly, and never without a person."""
    back = Back({p: to for p in reading(state, pin.path, state.tree[pin.path]).pins if (p.artefact, p.value) == (pin.artefact, pin.value)})
    back.values[pin] = to
    files = changed(state, written(state, back))
    if not files:
        return Unplanned(tuple(back.objections) or no("nothing-to-do", f"{pin.yaml_path} already holds {to}").objections)
    known = ", ".join(target.version for target, _ in options[:5]) or "none"
    doubt = Objection("never-held", f"{pin.yaml_path} never held {to} (it held {known})", Weight.PERSON, pin.path, pin.line)
    commit = next((touch.commit for touch in touching(state, [pin.path])[pin.path]), state.log[0])
    target = Target(to, None, None, "asked for; never held before")
    alternatives = [target, *(option for option, _ in options)]
    owners = [service.ref for service in state.estate.services if pin in service.pins]
    return _plan(state, owners, commit, pin.value, target, alternatives, files, [*back.objections, doubt])


def _doubts(segments: Sequence[Held], target: Target) -> list[Objection]:
    return [Objection("unsure-target", f"{target.version}: {target.why}", Weight.NOTE)] if doubtful(segments, target) else []


def _plan(
    state: DesiredState,
    services: Sequence[ServiceRef],
    commit: Commit,
    version: str,
    target: Target | None,
    alternatives: Sequence[Target],
    files: dict[str, bytes | None],
    objections: Sequence[Objection],
) -> Plan:
    return Plan(
        repository=state.repository,
        base=state.head,
        services=tuple(services),
        undone=commit.sha,
        undone_version=version,
        release=release_identity(services, commit, state),
        target=target,
        alternatives=tuple(alternatives[:ALTERNATIVES]),
        edits=edits_of(state, files),
        merged=merged_of(state, files),
        files=files,
        objections=(
            *objections,
            *rewritten(state, commit, files),
            *whole_files(state, files),
            *risks(state, files),
            *doubts(state, services, files),
        ),
    )


def _unknown_service(state: DesiredState, name: str, environment: str | None = None) -> Unplanned:
    elsewhere = [str(service.ref) for service in state.estate.named(name)]
    if environment is not None and elsewhere:
        return no("unknown-service", f"there is no {name} in {environment}", elsewhere)
    near = state.estate.like(name)
    return no("unknown-service", f"there is no service {name}", [str(ref) for ref in near])
