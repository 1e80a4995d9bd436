"""A plan → the environments that it changes something in: trust, freezes and circles are asked of each."""

from __future__ import annotations

from bot.plans.plan import Plan
from bot.policy.settings import Trust
from bot.quarantine import FOLDER
from bot.reconciler.asking import SEVERAL
from bot.reconciler.view import View
from bot.refs import ServiceRef
from bot.releases.release import DesiredState


def reached(plan: Plan, state: DesiredState) -> frozenset[str]:
    """Those of the plan's services, and of whoever else owns its files; our own folder is nobody's."""
    paths = [path for path in plan.files if not path.startswith(f"{FOLDER}/")]
    owners = {ref.environment for path in paths for ref in state.estate.owners.get(path, ())}
    found = owners | {ref.environment for ref in plan.services}
    return frozenset(found - {SEVERAL} or found or {SEVERAL})


def consumers(plan: Plan, service: ServiceRef, state: DesiredState) -> tuple[ServiceRef, ...]:
    """Other services that the pins to be edited belong to as well: what is changed for one is changed for them.

    Those that a group takes along on purpose are none of them.
    """
    meant = {service, *(part.services[0] for part in (*plan.parts, *plan.rest))}
    edited = {(edit.path, edit.yaml_path, edit.artefact) for edit in plan.edits}
    sharing = (each.ref for each in state.estate.services if any((pin.path, pin.yaml_path, pin.artefact) in edited for pin in each.pins))
    return tuple(ref for ref in sharing if ref not in meant)


def least_trusted(plan: Plan, view: View) -> tuple[str, Trust]:
    """The environment among them that trust goes least far in: the plan goes no further anywhere."""
    trust = {environment: view.config.policy.trust_at(environment, view.now) for environment in sorted(reached(plan, view.state))}
    return min(trust.items(), key=lambda each: each[1].rung)
