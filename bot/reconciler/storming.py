"""Many services red at once → one incident of the platform that a person is called to; theirs wait, and change nothing."""

from __future__ import annotations

from collections.abc import Sequence

from bot.attribution.rules import DAY
from bot.incidents.incident import Incident, identify
from bot.incidents.lifecycle import End
from bot.incidents.storm import PLATFORM, Storm, red_since, shared, storm
from bot.ports import Ports
from bot.reconciler.casing import releases_of
from bot.reconciler.saving import save
from bot.reconciler.step import MINUTE, Step, end, stay, told
from bot.reconciler.view import View
from bot.records.entry import Note, Stage
from bot.refs import Instant, ServiceRef, Sha


def storm_around(incident: Incident, view: View, ports: Ports) -> Storm | None:
    """The storm that an incident is part of; None where it is not, or where one release of all of them may have done it."""
    began = red_since(incident, view.config.alerts)
    if began is None:
        return None
    found = storm(incident.service.environment, began, _open(ports), view.config.alerts)
    return None if found is None or _one_release(found, view) else found


def wait_out(incident: Incident, found: Storm, view: View, ports: Ports) -> Step:
    """Change nothing while it lasts; see that the one incident is there that a person is called to."""
    platform = ServiceRef(incident.service.repository, incident.service.environment, PLATFORM)
    first = identify(platform, f"storm:{found.began!r}")
    if ports.store.open_incident(platform) is None and ports.store.incident(first) is None:
        what = f"{len(found.services)} services of {platform.environment} are red at once"
        opened = Incident(first, platform, view.now, onset=found.began, due=view.now)
        saved = save(Step(opened, (Note(Stage.SIGNAL, what, (str(found),)),), view.now), ports)
        ports.queue.enqueue(saved.id, view.now)
    note = Note(Stage.DECISION, "nothing for now: many services are red at once, which no release of one of them does", (str(found),))
    return stay(incident, view.now + MINUTE, note)


def see_it_pass(incident: Incident, view: View, ports: Ports) -> Step:
    """The platform's own incident: a person is called once, and it ends when so few are red that they are looked at one by one."""
    began = incident.onset if incident.onset is not None else incident.opened
    found = storm(incident.service.environment, began, _open(ports), view.config.alerts)
    if found is None:
        return end(incident, End.RESOLVED, "the storm is over: what is still red is looked at one by one", view.now, urgent=False)
    title = f"{len(found.services)} services of {incident.service.environment} are red at once: the platform?"
    text = f"{found}\nRollbot changes nothing in them while that lasts, for no one release did this."
    return told(stay(incident, view.now + MINUTE, Note(Stage.DECISION, "a person has to look", (str(found),))), "storm", title, text)


def _open(ports: Ports) -> Sequence[Incident]:
    return ports.store.incidents(ports.repository.name, open_only=True)


def _one_release(found: Storm, view: View) -> bool:
    earliest = found.began - max(DAY, view.config.attribution.merge_within)
    return bool(shared({service: _recent(service, earliest, view) for service in found.services}))


def _recent(service: ServiceRef, earliest: Instant, view: View) -> frozenset[Sha]:
    return frozenset(release.commit for release in releases_of(service, view.state).releases if release.time >= earliest)
