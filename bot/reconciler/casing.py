"""The world as it is → the case that policy decides on. Metrics and clusters that do not answer leave a case with less in it."""

from __future__ import annotations

from dataclasses import replace

from bot.attribution.onset import Clue, Onset, onset
from bot.attribution.suspects import Live, attribute
from bot.errors import Refused, Unavailable
from bot.incidents.incident import Incident, Kind, Symptom
from bot.plans.plan import Target
from bot.policy.case import Case, Past
from bot.ports import Metrics, Ports, Repository, Sync
from bot.quarantine import read
from bot.reconciler.standing import goods
from bot.reconciler.view import View
from bot.records.trailers import past
from bot.refs import Instant, ServiceRef, Sha
from bot.releases.history import history
from bot.releases.release import DesiredState, History, Release
from bot.signals.alertmanager import SOURCE as ALERTMANAGER


def case_of(incident: Incident, view: View, ports: Ports) -> Case:
    """Gather all that a rule may look at. Raises Unavailable where Alertmanager cannot be asked whether people keep its alerts quiet."""
    releases = releases_of(incident.service, view.state)
    quieted = () if incident.asked else muted(incident, ports)
    case = Case(
        now=view.now,
        service=incident.service,
        asked=incident.asked,
        acts=incident.asked or len(quieted) < sum(symptom.acts for symptom in incident.symptoms),
        why_not=(*quieted, *(f"{symptom.name}: {symptom.why_not}" for symptom in incident.symptoms if symptom.why_not)),
        past=_past(incident, view.state, releases, ports),
        quarantines=read(view.state),
        holds=view.holds,
        changed=incident.changed,
        undone=incident.undone,
        policy=view.config.policy,
        window=view.config.attribution,
    )
    if incident.asked or not incident.symptoms:
        return case
    began = began_at(incident, view, ports.metrics)
    live = live_of(incident.service, releases, began, view, ports)
    found = attribute(releases, began, live, incident.tried, view.config.attribution, _vouched(incident.service, ports))
    since = tuple(release for release in releases.releases if release.time > began.latest)
    said = confirmed(incident, ports.metrics)
    return replace(case, confirmed=said, quiet=said is not True and quiet(incident, ports.metrics), attribution=found, since=since)


def _vouched(service: ServiceRef, ports: Ports) -> dict[str, str]:
    """Versions of a service that people called good, and who did."""
    said = goods(ports.store, service.repository)
    return {each.version: each.by for each in said if (each.service, each.environment) == (service.name, service.environment)}


def releases_of(service: ServiceRef, state: DesiredState) -> History:
    """A service's history; what is no service (of a request for several) has none."""
    return history(service, state) if state.service(service) else History(service, ())


def accusing(case: Case, release: Release | None, target: Target | None, undoing: bool) -> Case:
    """The same case with what is to go back, and to what."""
    suspects = case.attribution.suspects if case.attribution else ()
    suspect = next((suspect for suspect in suspects if release and suspect.release.commit == release.commit), None)
    accused = replace(case, release=None if undoing else release, suspect=None if undoing else suspect, undoing=undoing)
    return replace(accused, target=target.version, releases_back=target.back, target_left=target.left) if target else accused


def muted(incident: Incident, ports: Ports) -> tuple[str, ...]:
    """Those of the acting alerts that are silenced or inhibited by now, and by what: somebody, or something worse, knows already."""
    if ports.alerts is None:
        return ()
    acting = [symptom for symptom in incident.symptoms if symptom.acts and symptom.source == ALERTMANAGER]
    said = ((symptom, ports.alerts.muted(symptom.fingerprint)) for symptom in acting)
    return tuple(f"{symptom.name} is {why}" for symptom, why in said if why)


def began_at(incident: Incident, view: View, metrics: Metrics) -> Onset:
    """When the symptom began: once it is known, it stays as it was."""
    if incident.onset is not None and incident.onset_latest is not None:
        return Onset(incident.onset, incident.onset_latest, "as found when the incident was decided on")
    acting = tuple(symptom for symptom in incident.symptoms if symptom.acts) or incident.symptoms
    return onset(tuple(_clue(symptom, metrics) for symptom in acting), view.config.outcomes.alert_window)


def confirmed(incident: Incident, metrics: Metrics) -> bool | None:
    """Whether the metrics say that one of the acting alerts is active; None where they cannot tell."""
    answers = [_firing(symptom, metrics) for symptom in incident.symptoms if symptom.acts]
    return True if True in answers else None if None in answers or not answers else False


def quiet(incident: Incident, metrics: Metrics) -> bool:
    """Whether the metrics say of every alert that it does not fire."""
    return all(_firing(symptom, metrics) is False for symptom in incident.symptoms)


def _firing(symptom: Symptom, metrics: Metrics) -> bool | None:
    try:
        return metrics.firing(symptom.name, symptom.labels)
    except Unavailable:
        return None


def _clue(symptom: Symptom, metrics: Metrics) -> Clue:
    try:
        return Clue(symptom.started, metrics.pending_since(symptom.name, symptom.labels), metrics.range_window(symptom.name))
    except Unavailable:
        return Clue(symptom.started)


def live_of(service: ServiceRef, releases: History, began: Onset, view: View, ports: Ports) -> Live | None:
    """Which recent releases ran when the symptom began, by the clusters' own histories of revisions.

    Where several places run the service: at the earliest time only what all of them ran, at the latest what any of them ran. A
    place that does not remember leaves that time open.
    """
    known = view.state.service(service)
    try:
        sync = None if known is None else ports.cluster.sync(known)
    except (Unavailable, Refused):
        return None
    places = [place for place in sync.places if place.revision is not None] if sync else []
    if not places:
        return None
    since = began.earliest - view.config.attribution.window
    recent = {release.commit for release in releases.releases if release.time >= since}

    def held(*revisions: Sha) -> frozenset[Sha]:
        return frozenset().union(*(_held(recent, revision, view.state, ports.repository) for revision in revisions))

    ran = [revision_at(place, began.earliest) for place in places]
    may = [(revision_at(place, began.latest), begun_at(place, began.latest)) for place in places]
    earliest = None if None in ran else frozenset.intersection(*(held(revision) for revision in ran if revision))
    latest = None if any(revision is None for revision, _ in may) else held(*(each for both in may for each in both if each))
    return Live(earliest, latest)


def begun_at(sync: Sync, at: Instant) -> Sha | None:
    """The revision that a place had last begun to apply at a time, None where it does not say."""
    return max(((since, revision) for revision, since in sync.begun if since <= at), default=(0.0, None))[1]


def revision_at(sync: Sync, at: Instant) -> Sha | None:
    """The revision that a cluster ran at a time, None where it does not remember that far back."""
    known = [(sync.revision, sync.since), *sync.earlier]
    return max(((since, revision) for revision, since in known if revision and since is not None and since <= at), default=(0.0, None))[1]


def _held(commits: set[Sha], revision: Sha, state: DesiredState, repository: Repository) -> frozenset[Sha]:
    """Which of the commits a revision holds: by its place in the line where it stands there, else by asking Git."""
    order = [commit.sha for commit in state.log]
    if revision in order:
        return frozenset(commits & set(order[order.index(revision) :]))
    return frozenset(commit for commit in commits if repository.contains(revision, commit))


def _past(incident: Incident, state: DesiredState, releases: History, ports: Ports) -> tuple[Past, ...]:
    told = past(state.log, releases, incident.id)
    seen = {(each.incident, each.release) for each in told}
    kept = [
        Past(action.release, action.identity, action.merged, other.id)
        for other in ports.store.incidents(service=incident.service)
        for action in other.actions
        if other.id != incident.id and action.kind is Kind.ROLLBACK and action.merged is not None and action.release
    ]
    return (*told, *(each for each in kept if (each.incident, each.release) not in seen))
