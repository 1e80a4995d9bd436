"""Plans for one service each → one plan, whole or of one wave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.objections import Objection, Weight
from bot.plans.draft import Files, changed, edits_of, merged_of
from bot.plans.merge import merge
from bot.plans.plan import Plan
from bot.releases.release import DesiredState


def joined(parts: Sequence[Plan], state: DesiredState, said: Sequence[Objection] = ()) -> Plan:
    """Return one plan that goes by the names of the first of its parts; what speaks against another names its service.

    Where two parts change one file, both changes are made; where they change the same lines of it, that forbids the plan.
    """
    first, *others = parts
    if not others:
        return replace(first, objections=(*first.objections, *said))
    files, clashes = _files(parts, state)
    told = [replace(each, why=f"{part.services[0].name}: {each.why}") for part in others for each in part.objections]
    return replace(
        first,
        services=tuple(dict.fromkeys(ref for part in parts for ref in part.services)),
        edits=edits_of(state, files),
        merged=merged_of(state, files),
        files=files,
        objections=tuple(dict.fromkeys((*said, *first.objections, *told, *clashes))),
        parts=tuple(parts),
    )


def waves(plan: Plan) -> tuple[int, ...]:
    """The waves of a group, the first first; one that is no group has one."""
    return tuple(sorted({part.wave for part in plan.parts})) or (plan.wave,)


def of_wave(plan: Plan, wave: int, state: DesiredState) -> Plan:
    """The part of a group that goes back in one wave; what is said of the whole group stays said."""
    if len(waves(plan)) == 1:
        return plan
    mine = [part for part in plan.parts if part.wave == wave]
    every = waves(plan)
    others = tuple(part for part in plan.parts if part.wave != wave)
    whole = [each for each in plan.objections if not any(each in part.objections for part in plan.parts) and not _of_another(each, plan)]
    found = joined(mine, state, whole)
    return replace(found, parts=tuple(mine), rest=others, wave=wave, turn=(every.index(wave) + 1, len(every)))


def _of_another(objection: Objection, plan: Plan) -> bool:
    """Whether an objection of the group was a part's own, with that part's name put before it."""
    return any(objection == replace(each, why=f"{part.services[0].name}: {each.why}") for part in plan.parts for each in part.objections)


def _files(parts: Sequence[Plan], state: DesiredState) -> tuple[Files, list[Objection]]:
    files: dict[str, bytes | None] = {}
    clashes = []
    for part in parts:
        for path, text in part.files.items():
            base, ours = state.file(path), files.get(path)
            if path not in files or ours == text:
                files[path] = text
                continue
            both = merge(base, ours, text) if base is not None and ours is not None and text is not None else None
            if both is None or both.conflicts:
                line = both.conflicts[0].at + 1 if both else None
                why = f"{part.services[0]} and another service of the group change the same lines of this file; roll them back by hand"
                clashes.append(Objection("group-clashes", why, Weight.FORBIDS, path, line))
            else:
                files[path] = both.text
    return changed(state, files), clashes
