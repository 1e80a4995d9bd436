"""A person's request → an incident that carries it out, or why there is none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache

from bot.incidents.correlate import Correlated, asked, led
from bot.incidents.incident import Incident
from bot.incidents.lifecycle import End
from bot.objections import Objection, Weight
from bot.plans.make import make
from bot.plans.plan import ByCommit, ByPath, ByService, Plan, Selector, Unplanned
from bot.ports import Ports
from bot.quarantine import read
from bot.reconciler.saving import note_alone, save
from bot.reconciler.step import Step, end, reasons
from bot.reconciler.telling import tell
from bot.reconciler.view import View, look_around
from bot.records.entry import Note, Stage
from bot.refs import ServiceRef
from bot.releases.release import DesiredState
from bot.signals.signal import Asked

SEVERAL = "several"
"""Stands for the environment of what changes several services; trust and circles are asked of the real ones (`reaching`)."""


@dataclass(frozen=True, slots=True)
class Answer:
    """`incident` None: nothing will be done, because of `objections`; `choices` is what would fit."""

    incident: Incident | None
    objections: tuple[Objection, ...] = ()
    choices: tuple[str, ...] = ()


made = lru_cache(maxsize=2)(make)
"""Who answers, who asks, the step that plans and the step that writes all plan the same: while HEAD is the same, it is the same plan."""


def ask(request: Asked, ports: Ports, view: View | None = None, permitted: Callable[[Plan, DesiredState], object] | None = None) -> Answer:
    """Open (or take over) the incident of the service that the request means. The same request asked twice opens one.

    `view`: what was looked at a moment ago; opening an incident changes nothing outside. `permitted` raises where whoever asks has no
    right to what the plan changes; nothing is opened then.
    """
    before = ports.store.incidents(ports.repository.name)
    if same := next((each for each in before if each.request and each.request.key == request.key), None):
        return Answer(same)
    view = view or look_around(ports)
    plan = wanted(request, view.state)
    if isinstance(plan, Unplanned):
        note_alone(Note(Stage.SIGNAL, f"{request.actor} asked for what cannot be planned", reasons(plan.objections)), ports)
        return Answer(None, plan.objections, plan.choices)
    if permitted is not None:
        permitted(plan, view.state)
    service = subject(request, plan)
    known = tuple(ports.store.incidents(service=service))
    found: Correlated = asked(request, service, known, ports.clock.now())
    if found.incident is None:
        return Answer(None, (Objection("under-way", found.what, Weight.FORBIDS),))
    if (gives_way := found.before or next((each for each in known[:1] if each.end is End.SUPERSEDED), None)) is not None:
        _give_way(gives_way, request, ports)
    because = (request.reason,) if request.reason else ()
    step = Step(found.incident, (Note(Stage.SIGNAL, found.what, because, _facts(request)),), ports.clock.now())
    saved = save(step, ports)
    ports.queue.enqueue(saved.id, ports.clock.now())
    return Answer(saved)


def asked_already(request: Asked, ports: Ports) -> Incident | None:
    """The open incident that carries out the very same, asked for by somebody else or before, as long as it is not merged."""
    for each in ports.store.incidents(ports.repository.name, open_only=True):
        if each.request is not None and each.request.key != request.key and led(each) and _meant(each.request) == _meant(request):
            return each
    return None


def _meant(request: Asked) -> Asked:
    """What is asked for, whoever asks when and why."""
    return replace(request, key="", actor="", at=0.0, reason="")


def _give_way(incident: Incident, request: Asked, ports: Ports) -> None:
    """End an incident for a person's request, and close its undo where that is open: nobody waits for it any more."""
    if incident.ended is None:
        why = f"{request.actor} asked for another rollback of {incident.service} before its outcome was known"
        save(tell(end(incident, End.SUPERSEDED, why, ports.clock.now(), urgent=False), ports), ports)
    pull = ports.forge.find(incident.action.branch) if incident.action.branch and not incident.action.commit else None
    if pull is not None and pull.state == "open":
        ports.forge.close(pull, f"{request.actor} asked for another rollback")


def wanted(request: Asked, state: DesiredState) -> Plan | Unplanned:
    """The plan of what a person asks for."""
    return made(selected(request), state, to=request.to, pins_only=request.pins_only, quarantines=read(state))


def selected(request: Asked) -> Selector:
    if request.commit:
        return ByCommit(request.commit)
    if request.path:
        return ByPath(request.path, request.artefact, request.at_path, request.value)
    return ByService(request.service or "", request.environment)


def subject(request: Asked, plan: Plan) -> ServiceRef:
    """Whose incident it is: the one service that the plan, or a group, goes back for; else what was asked for stands in its place."""
    if len(plan.services) == 1 or plan.parts:
        return plan.services[0]
    name = f"commit-{plan.undone[:12]}" if request.commit and plan.undone else request.path or request.service or "request"
    return ServiceRef(plan.repository, SEVERAL, name)


def _facts(request: Asked) -> dict[str, object]:
    words = ("service", "environment", "path", "artefact", "at_path", "value", "commit", "to", "mode")
    return {word: getattr(request, word) for word in words if getattr(request, word)}
