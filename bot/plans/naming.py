"""A plan that undoes a commit → the same plan, called by the versions that it moves: people know those, and not commits."""

from __future__ import annotations

from dataclasses import replace

from bot.plans.plan import Plan
from bot.releases.release import DesiredState


def by_version(plan: Plan, state: DesiredState) -> Plan:
    """Name what goes back, and what it goes back to, as `history` does, where the primary pin of every service goes the same way.

    Where it does not (several services, a pin that stays, a change of configuration alone) the commits are the only honest names.
    """
    moves = {(edit.path, edit.yaml_path, edit.line): (edit.before, edit.after) for edit in plan.edits}
    found = [service.primary for ref in plan.services if (service := state.service(ref)) is not None]
    ways = {moves.get((pin.path, pin.yaml_path, pin.line)) if pin else None for pin in found}
    way = ways.pop() if len(ways) == 1 else None
    if way is None or plan.target is None:
        return plan
    return replace(plan, undone_version=way[0], target=replace(plan.target, version=way[1]))
