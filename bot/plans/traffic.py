"""A plan × the routes of its services → the same plan with the bad side's traffic taken away, or why that cannot be had."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from bot.manifests.globs import matches
from bot.manifests.read import is_manifest
from bot.manifests.weights.draining import Drained, drain, routed
from bot.manifests.weights.table import splits
from bot.objections import Objection, Weight
from bot.plans.draft import changed, edits_of, merged_of
from bot.plans.make import make
from bot.plans.plan import ByCommit, Edit, Plan, Unplanned
from bot.plans.sides import backends, owner, workloads
from bot.plans.undo import undo_file
from bot.policy.traffic import TrafficRules
from bot.refs import Sha
from bot.releases.lineage import reading
from bot.releases.release import DesiredState

MOST = 200
"""Files that are looked through for routes; a service with more beside it names its own (`traffic.routes`)."""


@dataclass(frozen=True, slots=True)
class Shifted:
    """What a drain changes: `files` whole, `edits` one for each weight. `objections`: what is to be known of it."""

    backends: tuple[str, ...]
    files: Mapping[str, bytes]
    edits: tuple[Edit, ...]
    objections: tuple[Objection, ...] = ()


def shift(plan: Plan, state: DesiredState, rules: TrafficRules) -> Shifted | Objection:
    """Drain the backends that run what the plan takes back, on top of what the plan changes. Pure.

    An objection where they cannot be told, a progressive controller owns the weights, the other side runs the same release, or any of
    their routes cannot be edited for certain: then none of them is.
    """
    paths = _paths(plan, state, rules)
    bad = _bad(plan, state, rules, paths)
    if isinstance(bad, Objection):
        return bad
    shifted = drained(state, bad, paths, plan.files)
    return shifted if isinstance(shifted, Objection) else replace(shifted, objections=(*shifted.objections, *_shared(shifted, plan, state)))


def drained(state: DesiredState, bad: Collection[str], paths: Iterable[str], under_way: Mapping[str, bytes | None]) -> Shifted | Objection:
    """Drain these backends in these files; `under_way`: what some of them are to be already, instead of what stands at HEAD."""
    files, edits, said = dict[str, bytes](), list[Edit](), list[Objection]()
    already: Objection | None = None
    for path in paths:
        text = under_way[path] if path in under_way else state.file(path)
        if text is None or not routed(text, path, bad):
            continue
        done = drain(text, path, bad)
        if isinstance(done, Drained):
            files[path] = done.text
            edits += [Edit(path, each.yaml_path, each.backend, each.line, each.before, each.after) for each in done.shifts]
            said += done.cautions
        elif done.code != "already-drained":
            return done
        else:
            already = replace(done, weight=Weight.NOTE)
    if not files:
        return already or Objection("no-route", f"no route gives {', '.join(sorted(bad))} any traffic")
    return Shifted(tuple(sorted(bad)), files, tuple(edits), tuple(said))


def with_shift(plan: Plan, shifted: Shifted) -> Plan:
    """The same plan with the drain in it: one commit holds both, and one undo takes both back."""
    return replace(
        plan,
        files={**plan.files, **shifted.files},
        shifts=(*plan.shifts, *shifted.edits),
        objections=(*plan.objections, *shifted.objections),
    )


def folded(plan: Plan, state: DesiredState, bad: Collection[str], routes: Iterable[str]) -> Plan:
    """The plan with the drain that was decided on in it; where it cannot be had any more, without, and a person is to look."""
    found = drained(state, bad, routes, plan.files)
    if isinstance(found, Objection):
        told = found if found.weight is Weight.NOTE else replace(found, weight=Weight.PERSON)
        return replace(plan, objections=(*plan.objections, told))
    return with_shift(plan, found)


def given_back(plan: Plan | Unplanned, state: DesiredState, sha: Sha) -> Plan | Unplanned:
    """The undo of a rollback, and in the same commit that of its drain. `plan`: that of the rollback; `sha`: the drain's commit."""
    commit = next((each for each in state.log if each.sha == sha), None)
    if commit is None or isinstance(plan, Unplanned):
        return plan if commit is None else make(ByCommit(sha), state)
    files, said = dict(plan.files), list(plan.objections)
    for change in commit.files:
        ours = files[change.path] if change.path in files else state.file(change.path)
        done = undo_file(state, commit, change, ours)
        files[change.path] = done.text
        said += done.objections
    files = changed(state, files)
    return replace(plan, files=files, edits=edits_of(state, files), merged=merged_of(state, files), objections=tuple(said))


def _paths(plan: Plan, state: DesiredState, rules: TrafficRules) -> tuple[str, ...]:
    """Where its routes may be: in its services' files, in the folders of those, and where the configuration says."""
    own = {path for ref in plan.services if (service := state.service(ref)) for path in service.files}
    folders = {path.rpartition("/")[0] for path in (*own, *plan.files)}
    found = [
        path
        for path in state.tree
        if path in own or path.rpartition("/")[0] in folders or any(matches(glob, path) is not None for glob in rules.routes)
    ]
    return tuple(sorted(path for path in found if is_manifest(path, state.rules))[:MOST])


def _bad(plan: Plan, state: DesiredState, rules: TrafficRules, paths: Sequence[str]) -> frozenset[str] | Objection:
    """The backends that run what goes back, and nothing else; the others of their routes do not run it."""
    undone = {(edit.path, edit.artefact, edit.before) for edit in plan.edits}
    pins = {path: reading(state, path, state.tree[path]).pins for path in paths}
    running = workloads(state, paths, pins)
    known = backends(state, paths, running)
    gone = {each for each in running if any((each.path, *pin) in undone for pin in each.pins)}
    told = {name for ref in plan.services for name in rules.backends.get(ref.name, ())}
    names = {each.name for each in gone} | told | {ref.name for ref in plan.services}
    if owned := owner(state, paths, names):
        return owned
    found = [split for path in paths for split in splits(state.file(path) or b"", path)]
    bad = told or {name for split in found for name in split.backends if gone.intersection(known.get(name, ()))}
    if not bad:
        services = ", ".join(str(ref) for ref in plan.services)
        how = "name its backends under traffic.backends in .rollbot.yaml"
        return Objection("no-route", f"no weighted route is seen to lead to what {services} runs; {how} where there is one")
    mixed = next((name for name in sorted(bad) if not gone.issuperset(known.get(name, ()))), None) if not told else None
    if mixed is not None:
        return Objection("weights-shared", f"{mixed} routes to good and bad pods alike")
    pairs = {(artefact, value) for _, artefact, value in undone}
    for split in found:
        same = [name for name in sorted(split.backends - bad) if any(each.pins & pairs for each in known.get(name, ()))]
        if split.backends & bad and same:
            return Objection("both-sides", f"{same[0]} runs the same release: there is no good side", path=split.path, line=split.line)
    return frozenset(bad)


def _shared(shifted: Shifted, plan: Plan, state: DesiredState) -> list[Objection]:
    """Routes that other environments use too: they lose the same backends."""
    here, found = {ref.environment for ref in plan.services}, []
    for path in shifted.files:
        others = sorted({ref.environment for ref in state.estate.owners.get(path, ())} - here)
        if others:
            found.append(Objection("shared-route", f"{', '.join(others)} takes this route too", Weight.PERSON, path))
    return found
