"""A person's request → an incident that carries it out, or why there is none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bot.incidents.correlate import Correlated, asked
from bot.incidents.incident import Incident
from bot.objections import Objection, Weight
from bot.plans.make import make
from bot.plans.plan import ByCommit, ByPath, ByService, Plan, Selector, Unplanned
from bot.ports import Ports
from bot.quarantine import read
from bot.reconciler.saving import note_alone, save
from bot.reconciler.step import Step, reasons
from bot.reconciler.view import look_around
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


def ask(request: Asked, ports: Ports, permitted: Callable[[Plan, DesiredState], object] | None = None) -> Answer:
    """Open (or take over) the incident of the service that the request means. The same request asked twice opens one.

    `permitted` raises where whoever asks has no right to what the plan changes; nothing is opened then.
    """
    before = ports.store.incidents(ports.repository.name)
    if same := next((each for each in before if each.request and each.request.key == request.key), None):
        return Answer(same)
    view = look_around(ports)
    plan = make(selected(request), view.state, to=request.to, pins_only=request.pins_only, quarantines=read(view.state))
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
    because = (request.reason,) if request.reason else ()
    step = Step(found.incident, (Note(Stage.SIGNAL, found.what, because, _facts(request)),), ports.clock.now())
    saved = save(step, ports)
    ports.queue.enqueue(saved.id, ports.clock.now())
    return Answer(saved)


def selected(request: Asked) -> Selector:
    if request.commit:
        return ByCommit(request.commit)
    if request.path:
        return ByPath(request.path, request.artefact, request.at_path, request.value)
    return ByService(request.service or "", request.environment)


def subject(request: Asked, plan: Plan) -> ServiceRef:
    """Whose incident it is: the one service that the plan changes; else what was asked for stands in a service's place."""
    if len(plan.services) == 1:
        return plan.services[0]
    name = f"commit-{plan.undone[:12]}" if request.commit and plan.undone else request.path or request.service or "request"
    return ServiceRef(plan.repository, SEVERAL, name)


def _facts(request: Asked) -> dict[str, object]:
    words = ("service", "environment", "path", "artefact", "at_path", "value", "commit", "to", "mode")
    return {word: getattr(request, word) for word in words if getattr(request, word)}
