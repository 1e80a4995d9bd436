"""A plan → the same plan with the record, in Git, of what must not come back (one file for each service)."""

from __future__ import annotations

from dataclasses import replace

from bot.plans.plan import Plan, QuarantineEdit
from bot.quarantine import Quarantine
from bot.refs import Instant

EVERYBODY = "every bot"


def keep_out(plan: Plan, incident: str, reason: str, *, owner: str = "rollbot", since: Instant, expires: Instant) -> Plan:
    """Record the values that the plan takes away as quarantined until `expires`."""
    places = tuple((edit.path, edit.yaml_path, edit.artefact, edit.before) for edit in plan.edits)
    edits = []
    for service in plan.services:
        kept = Quarantine(
            environment=service.environment,
            service=service.name,
            version=plan.undone_version,
            release=plan.release,
            commit=plan.undone or "",
            places=places,
            reason=reason,
            owner=owner,
            incident=incident,
            since=since,
            expires=expires,
        )
        edits.append(QuarantineEdit(kept.path, kept.text(), EVERYBODY, reason, expires))
    return replace(plan, quarantine=(*plan.quarantine, *edits))
