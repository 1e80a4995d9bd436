"""Argo Rollouts, Flagger, Helm: what they do with a release, or have done, by Git, their own signals and the cluster (F14)."""

from __future__ import annotations

import re
from dataclasses import replace

from bot.changes.moments import clock
from bot.errors import Refused, Unavailable
from bot.incidents.incident import Action, Incident
from bot.manifests.estate import Service
from bot.objections import Objection, Weight
from bot.plans.sides import owner
from bot.policy.case import Case
from bot.policy.decide import Halt
from bot.ports import Ports, Sync
from bot.reconciler.step import Step, stay, told
from bot.reconciler.view import View
from bot.records.entry import Note, Stage
from bot.signals import flagger, rollouts

LOOK = 30.0
HALT = "halt"
"""The fact of a decision's entry that names the commit whose release is let to be aborted."""
TAKEN_BACK = {
    (flagger.SOURCE, "CanaryFailed"): "Flagger took the canary back",
    (rollouts.SOURCE, "RolloutAborted"): "Argo Rollouts aborted it",
}
"""What a controller tells by a signal of its own, by source and name: then the stable version runs, and Git still asks for the other."""
_ACTING = re.compile(r"\b(?:Progressing|Suspended|[Ii]n progress)\b")
_ABORTED = re.compile(r"\bRollout ?[Aa]borted\b")


def went_back(incident: Incident, view: View, ports: Ports) -> str:
    """How the cluster went back by itself while Git asks for something else, "" where nothing says so."""
    return _back(incident, _sync(view.state.service(incident.service), ports))


def progressing(case: Case, incident: Incident, view: View, ports: Ports) -> Case:
    """The case with what a progressive controller has done, or is doing, with the release. It is let to finish for so long as a sync is."""
    service = view.state.service(incident.service)
    sync = _sync(service, ports)
    if back := _back(incident, sync):
        return replace(case, healed=back)
    names = {pin.object_name for pin in service.pins} | {service.ref.name} if service else set()
    owned = owner(view.state, service.files, names) if service else None
    until = incident.opened + view.config.outcomes.arrive_within
    if owned is None or view.now >= until or not _acting(sync):
        return case
    return replace(case, rolling=f"{owned}; until {clock(until)}")


def halt_it(incident: Incident, decided: Halt, notes: tuple[Note, ...], view: View) -> Step:
    """Nothing of ours while the controller acts: look again soon. Its own gate, where it asks, is told to take it back."""
    release = decided.suspect.release
    what = f"halt: {release.version} ({release.commit[:8]}) is let to be aborted by what rolls it out"
    note = Note(Stage.DECISION, what, (decided.why, decided.suspect.why), {HALT: release.commit})
    step = stay(incident, view.now + LOOK, *notes, note)
    title = f"{incident.service}: {release.version} is suspected while it is rolled out"
    return told(step, "halt", title, f"{decided.why}; then Git is repaired", urgent=False)


def halting(incident: Incident, ports: Ports) -> bool:
    """Whether the last decision was to let a controller abort the release."""
    decisions = [entry for entry in ports.store.entries(incident.id) if entry.stage is Stage.DECISION]
    return bool(decisions) and HALT in decisions[-1].facts


def repairing(action: Action) -> tuple[Objection, ...]:
    """What a repair says of itself."""
    why = f"the cluster went back by itself, and this makes Git say so: {action.repairs}"
    return (Objection("repairs-git", why, Weight.NOTE),) if action.repairs else ()


def _sync(service: Service | None, ports: Ports) -> Sync | None:
    try:
        return None if service is None else ports.cluster.sync(service)
    except (Unavailable, Refused):
        return None


def _back(incident: Incident, sync: Sync | None) -> str:
    places = sync.places if sync else ()
    said = [place.healed or (place.message if _ABORTED.search(place.message) else "") for place in places]
    signals = [symptom for symptom in incident.symptoms if symptom.resolved is None and (symptom.source, symptom.name) in TAKEN_BACK]
    said += [": ".join(filter(None, (TAKEN_BACK[each.source, each.name], each.summary))) for each in signals]
    return "; ".join(dict.fromkeys(filter(None, said)))


def _acting(sync: Sync | None) -> bool:
    """What nobody can see is taken to go on: acting beside a controller is worse than waiting for it a while."""
    return sync is None or any(place.healthy is not True and _ACTING.search(place.message) for place in sync.places)
