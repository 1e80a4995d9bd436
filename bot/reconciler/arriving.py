"""Our commit × what the clusters say → whether every place that runs the service has it (law 8)."""

from __future__ import annotations

from dataclasses import replace

from bot.errors import Refused, Unavailable
from bot.incidents.incident import Incident
from bot.manifests.estate import Service
from bot.outcomes.rules import OutcomeRules
from bot.outcomes.sync import Applied
from bot.ports import Ports, Repository, Sync
from bot.quarantine import FOLDER
from bot.reconciler.view import View
from bot.refs import Instant, ServiceRef, Sha
from bot.releases.release import DesiredState


def applied(incident: Incident, view: View, ports: Ports) -> Applied | None:
    """Ask the cluster; one that does not answer, or does not let us ask, leaves it open: that is neither arrived nor an end."""
    commit = incident.action.commit
    try:
        found = [ports.cluster.sync(asked_of(ref, commit, view.state)) for ref in _moved(incident)]
    except (Unavailable, Refused) as error:
        return Applied(None, None, None, str(error))
    first, *others = found
    if first is None or None in others:
        return None
    places = tuple(place for sync in others if sync for place in sync.places)
    return summed(replace(first, others=(*first.others, *places)) if places else first, commit, ports.repository)


def _moved(incident: Incident) -> tuple[ServiceRef, ...]:
    """Whose arrival is waited for: all that this action moves."""
    return incident.action.carried or (incident.service,)


def summed(sync: Sync, commit: Sha | None, repository: Repository) -> Applied:
    """One answer for all places: applied where all of them have it, as healthy as the worst, since the last one took it."""
    behind = [place for place in sync.places if not (place.revision and commit and repository.contains(place.revision, commit))]
    if behind:
        return Applied(False, None, None, "; ".join(_behind(place) for place in behind))
    healths, times = {place.healthy for place in sync.places}, [place.since for place in sync.places]
    healthy = False if False in healths else None if None in healths else True
    since = None if None in times else max(time for time in times if time is not None)
    told = [place for place in sync.places if place.healthy is not True] or list(sync.places)
    return Applied(True, since, healthy, "; ".join(filter(None, (_named(place, place.message) for place in told))))


def hasten(incident: Incident, view: View, ports: Ports) -> tuple[str, ...]:
    """Ask whatever delivers our commit to look at Git now; one that cannot be asked comes to it by itself, and that is said."""
    commit, merged = incident.action.commit, incident.action.merged
    if commit is None:
        return ()
    try:
        stuck = _stuck(merged, view.now, view.config.outcomes)
        asked = [ports.cluster.hasten(asked_of(ref, commit, view.state), commit, stuck) for ref in _moved(incident)]
    except (Unavailable, Refused) as error:
        return (f"it could not be asked to hurry: {error}",)
    return tuple(dict.fromkeys(line for lines in asked for line in lines))


def healed(incident: Incident, view: View, ports: Ports) -> str:
    """How a cluster went back by itself while Git asks for something else, "" where none says so."""
    service = view.state.service(incident.service)
    try:
        sync = None if service is None else ports.cluster.sync(service)
    except (Unavailable, Refused):
        return ""
    return "; ".join(place.healed for place in sync.places if place.healed) if sync else ""


def asked_of(ref: ServiceRef, commit: Sha | None, state: DesiredState) -> Service:
    """The service as HEAD has it. What stands for several services is made of the files that our commit changed."""
    found = state.service(ref)
    if found is not None:
        return found
    ours = next((each for each in state.log if each.sha == commit), None)
    files = tuple(file.path for file in ours.files if not file.path.startswith(f"{FOLDER}/")) if ours else ()
    return Service(ref, tuple(pin for service in state.estate.services for pin in service.pins if pin.path in files), files)


def _stuck(merged: Instant | None, now: Instant, rules: OutcomeRules) -> Instant | None:
    """Operations that began before this may be ended: configured, and long enough after the merge."""
    return merged if rules.end_stuck and merged is not None and now - merged >= rules.end_stuck else None


def _behind(place: Sync) -> str:
    """What has to be typed comes first: a phone shows the beginning of a line."""
    runs = f"it runs {place.revision[:12]}" if place.revision else ""
    by_hand = f"it syncs by hand: {place.by_hand}" if place.by_hand else ""
    return _named(place, ", ".join(filter(None, (by_hand, runs, place.message))))


def _named(place: Sync, text: str) -> str:
    return f"{place.where}: {text}" if place.where and text else place.where or text
