"""What a command is about: the incident or the service that its words, or its thread, name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from bot.errors import Refused
from bot.incidents.incident import Incident
from bot.ports import Ports
from bot.reconciler.talking import asked_in, same
from bot.reconciler.view import View
from bot.refs import ServiceRef, Sha
from bot.signals.chat import meant
from bot.signals.signal import Command, Discussion

_HEX = re.compile(r"(?<![0-9a-f])[0-9a-f]{7,40}(?![0-9a-f])")
LATELY = 100
"""How many ended incidents are looked through."""
MOST = 5
"""How many services are named as a way out."""


@dataclass(frozen=True, slots=True)
class Unclear:
    """Nothing, or too much, fits. `commands` would be clear."""

    why: str
    commands: tuple[str, ...] = ()


def lately(ports: Ports) -> Sequence[Incident]:
    """All open incidents and the newest that ended, newest first."""
    return ports.store.incidents(ports.repository.name)[:LATELY]


def incident_of(command: Command, verb: str, service: str | None, environment: str | None, ports: Ports) -> Incident | Unclear:
    """The one incident that is meant: by name, else by the thread. One that is open goes before one that ended."""
    known = [each for each in lately(ports) if _is(each.service, service, environment)]
    if service is None and (here := [each for each in known if _speaks_of(each, command, ports)]):
        known = here
    elif service is None:
        commands = tuple(dict.fromkeys(_command(verb, each.service) for each in known if each.ended is None))
        return Unclear("this thread is about no incident: name the service", commands)
    opened = [each for each in known if each.ended is None]
    fits = list({each.service: each for each in reversed(opened or known)}.values())
    if len(fits) == 1:
        return fits[0]
    if not fits:
        commands = tuple(
            dict.fromkeys(_command(verb, each.service) for each in ports.store.incidents(ports.repository.name, open_only=True))
        )
        return Unclear(f"there is no incident of {service}{f' in {environment}' if environment else ''}", commands[:MOST])
    return Unclear("several incidents fit", tuple(_command(verb, each.service) for each in reversed(fits)))


def service_of(name: str, environment: str | None, verb: str, view: View) -> ServiceRef | Unclear:
    """The one service that is meant."""
    found = view.state.estate.named(name, environment)
    if len(found) == 1:
        return found[0].ref
    if found:
        return Unclear(f"{name} fits several services", tuple(_command(verb, each.ref) for each in found))
    return unknown(name, environment, verb, view)


def unknown(name: str, environment: str | None, verb: str, view: View) -> Unclear:
    """Say that there is no such service, and which there is."""
    elsewhere = [each.ref for each in view.state.estate.named(name)]
    if environment is not None and elsewhere:
        return Unclear(f"there is no {name} in {environment}", tuple(_command(verb, ref) for ref in elsewhere))
    near = get_close_matches(name, {each.ref.name for each in view.state.estate.services}, 3, 0.6)
    spoken = f"; did you mean {' or '.join(near)}?" if near else f"; did you mean {meant(name)}?" if meant(name) and not verb else ""
    if not spoken:
        names = sorted({each.ref.name for each in view.state.estate.services})
        more = f" and {len(names) - MOST} more" if len(names) > MOST else ""
        spoken = f"; there are {', '.join(names[:MOST])}{more}" if names else ""
    refs = sorted({each.ref for each in view.state.estate.services if each.ref.name in near})
    return Unclear(f"there is no service {name}{spoken}", tuple(_command(verb, ref) for ref in refs[:MOST]))


def carriers(commit: str, view: View) -> tuple[ServiceRef, ...]:
    """The services whose pins carry a commit of an application: whole, or its first seven digits or more (`main-1a2b3c4-77`)."""
    found = []
    for service in view.state.estate.services:
        digits = {text for pin in service.pins for text in _HEX.findall(pin.value.partition("@")[0].lower())}
        if any(commit.startswith(text) for text in digits):
            found.append(service.ref)
    return tuple(sorted(found))


def released_by(command: Command, discussion: Discussion, ports: Ports) -> Sha | Unclear:
    """The commit that a pull request released, or why it released none."""
    if not discussion.pull:
        return Unclear("on an issue a rollback needs a service", ("/rollback SERVICE in ENVIRONMENT", "/rollback help"))
    if discussion.state != "merged" or discussion.merge is None:
        fork = " from a fork" if discussion.fork else ""
        return Unclear(f"this pull request{fork} is {discussion.state}: what is not merged released nothing, so nothing of it goes back")
    if same(command.thread.repository, ports) and discussion.target != ports.repository.branch:
        return Unclear(f"it was merged into {discussion.target}; what is deployed is {ports.repository.branch}")
    return Sha(discussion.merge)


def discussed(command: Command, ports: Ports) -> Discussion:
    """What the thread is about. Raises Refused where there is none to be seen."""
    if ports.conversation is None:
        raise Refused("this forge has no issues and comments")
    return ports.conversation.discussion(command.thread)


def rollback_at(command: Command, ports: Ports) -> Incident | None:
    """The incident whose own pull request the thread is."""
    if not same(command.thread.repository, ports):
        return None
    return next((each for each in lately(ports) if any(action.pull == command.thread.number for action in each.actions)), None)


def _speaks_of(incident: Incident, command: Command, ports: Ports) -> bool:
    """Whether the thread is a pull request of the incident, that of the release it took back, or where it was asked for."""
    number = command.thread.number
    if same(command.thread.repository, ports) and any(number in (action.pull, action.culprit) for action in incident.actions):
        return True
    return incident.request is not None and incident.request.key == asked_in(command.thread, ports)


def _is(service: ServiceRef, name: str | None, environment: str | None) -> bool:
    return name in (None, service.name) and environment in (None, service.environment, service.cluster)


def _command(verb: str, service: ServiceRef) -> str:
    words = ["/rollback", *([verb] if verb else []), service.name, "in", service.cluster or service.environment]
    return " ".join(words)
