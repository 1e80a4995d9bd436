"""`/rollback hold` and `resume`: what a hold is on, and which words end it."""

from __future__ import annotations

from bot.incidents.incident import Incident
from bot.policy.words import EVERYTHING, ending
from bot.policy.words import Hold as Holding
from bot.ports import Ports
from bot.reconciler import standing
from bot.reconciler.subjects import Unclear, incident_of, service_of
from bot.reconciler.talking import Reply, named
from bot.reconciler.view import View
from bot.records.replies import answer
from bot.signals.chat import duration
from bot.signals.signal import Command, Reaction
from bot.signals.spoken import Hold, Resume

_Place = tuple[str | None, str | None]


def hold(command: Command, spoken: Hold, view: View, ports: Ports) -> Reply:
    place = _place(command, "hold", spoken, view, ports)
    if isinstance(place, Unclear):
        return _unclear(place)
    service, environment = place
    until = command.at + spoken.seconds
    said = Holding(named(command), command.actor, command.at, until, service, environment, spoken.reason)
    standing.hold(ports.store, ports.repository.name, said)
    nudge(ports)
    how_long = f"for {duration(spoken.seconds)}"
    what = f"{command.actor} holds {_where(place)} {how_long}: nothing is changed there by itself until then, or until somebody says"
    return Reply(Reaction.DONE, answer("Held.", [what], [ending(said)]))


def resume(command: Command, spoken: Resume, view: View, ports: Ports) -> Reply:
    """End the holds that are on that very place or lie within it; what holds it more widely is named with the words that end it."""
    held = standing.holds(ports.store, ports.repository.name, view.now)
    said = (spoken.service, spoken.environment)
    known = spoken.service and any((each.service, each.environment) == said for each in held)  # though it may be no service any more
    place = said if known else _place(command, "resume", spoken, view, ports)
    if isinstance(place, Unclear):
        return _unclear(place)
    ended = standing.release(ports.store, ports.repository.name, *place)
    nudge(ports)
    lines = [f"{_where((each.service, each.environment))}, held by {each.by}" for each in ended]
    left = [each for each in standing.holds(ports.store, ports.repository.name, view.now) if _touches(each, place)]
    if left:
        lines += [f"still held: {_where((each.service, each.environment))}, by {each.by}" for each in left]
        ways = list(dict.fromkeys(ending(each) for each in left))
        return Reply(Reaction.DONE if ended else Reaction.UNCLEAR, answer("It is held more widely; this ends that:", lines, ways))
    others = [ending(each) for each in held if each not in ended]
    if not ended and others:
        return Reply(Reaction.UNCLEAR, answer("Nothing is done.", [f"nothing holds {_where(place)}; what is held ends by:"], others[:10]))
    return Reply(Reaction.DONE, answer("Going on.", lines or [f"nothing holds {_where(place)}"]))


def nudge(ports: Ports) -> None:
    """What stands has changed: let every open incident look again."""
    for incident in ports.store.incidents(ports.repository.name, open_only=True):
        ports.queue.enqueue(incident.id, ports.clock.now())


def _place(command: Command, verb: str, spoken: Hold | Resume, view: View, ports: Ports) -> _Place | Unclear:
    """What is meant: what was named, else the service that the thread is about, else everything."""
    service, environment = spoken.service, spoken.environment
    if service is not None:
        found = view.state.estate.named(service, environment)
        if found:
            return found[0].ref.name, environment
        if service.lower() == EVERYTHING:
            return None, environment
        unknown = service_of(service, environment, verb, view)
        return unknown if isinstance(unknown, Unclear) else (unknown.name, unknown.environment)
    if environment is not None:
        return None, environment
    here = incident_of(command, verb, None, None, ports)
    if isinstance(here, Incident):
        return here.service.name, here.service.environment
    return None, None


def _touches(held: Holding, place: _Place) -> bool:
    """Whether a hold still holds something of a place that was to go on."""
    pairs = ((held.service, place[0]), (held.environment, place[1]))
    return all(None in pair or pair[0] == pair[1] for pair in pairs)


def _where(place: _Place) -> str:
    service, environment = place
    return f"{service or 'every service'}{f' in {environment}' if environment else ''}"


def _unclear(found: Unclear) -> Reply:
    return Reply(Reaction.UNCLEAR, answer("Nothing is done.", [found.why], found.commands))
