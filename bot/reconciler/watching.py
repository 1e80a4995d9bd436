"""What is red while our change takes effect → the bystanders that turned red after it; a person is called to them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

from bot.errors import Refused, Unavailable
from bot.incidents.incident import Incident
from bot.incidents.resolve import NEVER, Resolved, resolve
from bot.incidents.storm import PLATFORM
from bot.outcomes.bystanders import Bystander, Ours, Red, bystanders, neighbours
from bot.ports import Ports
from bot.reconciler.casing import releases_of
from bot.reconciler.step import Step, told
from bot.reconciler.view import View
from bot.records.entry import Note, Stage
from bot.refs import ServiceRef
from bot.releases.needs import ALONG, REQUIRES, Said, declared
from bot.releases.requires import Unreadable, names, requires
from bot.signals.alertmanager import parse
from bot.signals.signal import Status

FACT = "bystander"


def red_now(incident: Incident, view: View, ports: Ports) -> tuple[Red, ...]:
    """Every other service with an alert that could act and fires: by what was sent to us, and by what Alertmanager says it sends."""
    known = [
        Red(other.service, symptom.name, symptom.started)
        for other in ports.store.incidents(incident.service.repository, open_only=True)
        for symptom in other.symptoms
        if other.id != incident.id and other.service.name != PLATFORM
        if symptom.resolved is None and symptom.severity in view.config.alerts.acting_severities
    ]
    return (*known, *_asked(view, ports))


def turned_red(incident: Incident, services: frozenset[ServiceRef], view: View, ports: Ports) -> tuple[Bystander, ...]:
    """The bystanders of the action at hand, which changed these services; none before it is merged. Raises Unavailable or Refused where
    the store or the repository cannot be read.
    """
    merged = incident.action.merged
    if merged is None:
        return ()
    red = tuple(each for each in red_now(incident, view, ports) if each.since >= merged)
    released = {each.service: _released(each.service, view) for each in red}
    return bystanders(red, Ours(services, merged, related(services, view)), released)


def related(services: frozenset[ServiceRef], view: View) -> frozenset[str] | None:
    """The names of those that declare to need one of these services, or that one of these declares to need; None where nobody declares."""
    places = {service.environment for service in services}
    said = [(ref.name, each) for ref, all_of in declared(view.state).items() if ref.environment in places for each in all_of]
    said += [(rule.service, Said(REQUIRES, rule.requires, "", 0)) for rule in view.state.rules.groups if rule.requires]
    calls: dict[str, set[str]] = {}
    for name, each in said:
        calls.setdefault(name, set()).update(_needed(each))
    return neighbours({service.name for service in services}, calls) if calls else None


def _needed(said: Said) -> frozenset[str]:
    """The names in a declaration; one that does not parse names nobody, and its own plan says so."""
    try:
        found = [clause.name for clause in requires(said.text)] if said.key == REQUIRES else names(said.text) if said.key == ALONG else ()
    except Unreadable:
        return frozenset()
    return frozenset(name.rpartition("/")[2] for name in found)


def beside(step: Step, view: View, ports: Ports) -> Step:
    """The same step of a change that is merged, with each bystander told once: what it turned red is a person's to look at."""
    incident = step.incident
    stopped = incident.ended is not None and incident.actions and incident.action.turn is not None  # a wave that says it itself
    if stopped or (incident.asked and not incident.symptoms and incident.ended is not None):
        return step
    found = turned_red(incident, frozenset({incident.service, *incident.action.carried}), view, ports)
    entries = ports.store.entries(incident.id) if found else ()
    known = {(entry.facts[FACT], entry.facts.get("action")) for entry in entries if FACT in entry.facts}
    number = len(incident.actions)
    for each in found:
        name = str(each.red.service)
        if (name, number) in known:
            continue
        what = f"{each.red.service} turned red after the {incident.action.kind} was merged"
        step = replace(step, notes=(*step.notes, Note(Stage.OUTCOME, what, (str(each),), {FACT: name, "action": number})))
        text = f"{each}\nIt was not red before, and released nothing since. `/rollback undo` takes ours back"
        step = told(step, f"{FACT}:{number}:{name}", f"{incident.service}: {what}", text, urgent=each.related is True)
    return step


def _asked(view: View, ports: Ports) -> Iterator[Red]:
    """What Alertmanager says fires. It is another way to the same alerts: where it is away, what was sent to us is enough."""
    bodies: tuple[bytes, ...] = ()
    if ports.alerts is not None:
        with suppress(Unavailable, Refused):
            bodies = tuple(ports.alerts.firing())
    for alert in (alert for body in bodies for alert in parse(body, view.now)):
        found = resolve(alert, view.state.estate, view.config.alerts)
        acts = alert.status is Status.FIRING and alert.severity in view.config.alerts.acting_severities
        if acts and isinstance(found, Resolved) and NEVER.fullmatch(alert.name) is None:
            yield Red(found.service, alert.name, alert.started_at)


def _released(service: ServiceRef, view: View) -> float:
    """When the service last released something of its own."""
    return max((each.time for each in releases_of(service, view.state).releases if not each.rollback), default=-1.0)
