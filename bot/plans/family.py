"""A leading pin → the pins that may go with it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from bot.manifests.estate import Service
from bot.manifests.pin import Pin, PinKind
from bot.plans.back import Lead
from bot.plans.sources import one_source
from bot.releases.lineage import reading
from bot.releases.places import same_place
from bot.releases.release import DesiredState, FileChange
from bot.releases.touched import among


def family(state: DesiredState, lead: Lead, services: Sequence[Service]) -> list[Pin]:
    """Return all pins of the services, and those of the lead's own file that are the same version under another name.

    The same: the same artefact (tag and digest); the image and the manifests of one source; the same move in the same commit
    (`1.2 → 1.3`, also within `v1.3` or `1.3.0`); the version and appVersion of one chart; what one component's kustomization
    or ConfigMap moved at once.
    """
    own = {pin.place: pin for service in services for pin in service.pins}
    component = _component(state, lead.pin)
    here = reading(state, lead.pin.path, state.tree[lead.pin.path]).pins
    changes = list(_changes(state, lead))
    kin = {
        pin.place: pin
        for pin in here
        if _same_artefact(pin, lead.pin)
        or one_source(pin, lead.pin)
        or any(_same_move(state, c, lead.pin, pin, component) for c in changes)
    }
    return list({**kin, **own}.values())


def _changes(state: DesiredState, lead: Lead) -> Iterator[FileChange]:
    for commit in among(state.log, lead.undone):
        yield from (change for change in commit.files if change.path == lead.pin.path)


def _same_artefact(pin: Pin, lead: Pin) -> bool:
    if pin.artefact and pin.artefact == lead.artefact and pin.object_name == lead.object_name:
        return pin.value == lead.value or PinKind.DIGEST in (pin.kind, lead.kind)
    return False


def _same_move(state: DesiredState, change: FileChange, lead: Pin, pin: Pin, component: frozenset[Pin]) -> bool:
    before, after = reading(state, change.path, change.before).pins, reading(state, change.path, change.after).pins
    lead_was, lead_is, was, now = (same_place(p, pins) for p in (lead, pin) for pins in (before, after))
    if not (lead_was and lead_is and was and now) or was.value == now.value or lead_was.value == lead_is.value:
        return False
    if _one_chart(lead, pin) or pin in component:
        return True
    version = re.compile(rf"(?<![0-9]){re.escape(lead_was.value)}(?![0-9])")
    return version.sub(lambda _: lead_is.value, was.value) == now.value


def _one_chart(lead: Pin, pin: Pin) -> bool:
    return {lead.yaml_path, pin.yaml_path} == {"version", "appVersion"} and (lead.format, lead.object_name) == (pin.format, pin.object_name)


def _component(state: DesiredState, lead: Pin) -> frozenset[Pin]:
    """Return the pins that the lead's services own in its file, where such a file is one component's (Helm values hold many makers')."""
    if lead.format not in ("kustomize", "configmap"):
        return frozenset()
    refs = state.estate.owners.get(lead.path, ())
    owners = [service for service in state.estate.services if service.ref in refs and lead in service.pins]
    return frozenset(pin for service in owners for pin in service.pins if pin.path == lead.path)
