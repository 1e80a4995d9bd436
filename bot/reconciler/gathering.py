"""An incident and the world → the evidence that the posterior looks at. What cannot be asked is left out: it then knows less."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from bot.attribution.evidence import Alert, Candidate, Edge, Evidence, Kind, Series, Touched
from bot.attribution.learnt import track_record
from bot.attribution.sources import SeriesRule
from bot.attribution.suspects import Attribution, Suspect
from bot.errors import Refused, Unavailable
from bot.incidents.incident import Incident, Symptom
from bot.incidents.resolve import Resolved, resolve
from bot.incidents.rules import QueryRule
from bot.ports import Metrics, Ports, Sample
from bot.reconciler.view import View
from bot.records.trailers import past
from bot.refs import Instant, ServiceRef
from bot.releases.release import History, Release
from bot.signals.signal import Alert as Fired
from bot.signals.signal import Status

BEFORE = 3600.0
"""How long before the onset a service's ordinary days are looked at."""
MOST_SERVICES = 50
MOST_CANDIDATES = 50
MOST_LOGGED = 10
MOST_SERIES = 10
"""Of one measure of one service."""
OURS = "rollbot:"
"""Begins the names of the configuration's measures, so that none is taken for an alerting rule of the server's."""
_LATENCY = re.compile(r"latency|duration|slow|p9\d|respons", re.IGNORECASE)
_AVAILABLE = re.compile(r"availab|success|uptime", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Accused:
    """A service that may be to blame, its suspects, and its history to learn from."""

    service: ServiceRef
    attribution: Attribution
    history: History


def evidence_of(incident: Incident, accused: Sequence[Accused], view: View, ports: Ports) -> Evidence:
    """Gather it. `accused` begins with the incident's own service; the others are those that it depends on."""
    symptom = next((each for each in incident.symptoms if each.acts), incident.symptoms[0])
    onset = accused[0].attribution.onset
    known = {each.service.name for each in accused}
    return Evidence(
        alert=Alert(
            service=incident.service.name,
            metric=symptom.name,
            fired_at=symptom.started,
            first_breach_at=onset.earliest if onset.earliest == onset.latest else None,
            kind=kind_of(symptom.name),
            text=symptom.summary,
        ),
        candidates=_candidates(accused, view, ports, incident),
        series=(*_series(symptom, incident, onset.earliest - BEFORE, view, ports), *_lines(accused, onset.earliest - BEFORE, view, ports)),
        edges=tuple(Edge(caller, callee) for caller, callee in calls(view) if caller in known and callee in known),
    )


def calls(view: View) -> Iterable[tuple[str, str]]:
    return ((caller, callee) for caller, callees in view.config.evidence.dependencies.items() for callee in callees)


def depended_on(service: ServiceRef, view: View) -> tuple[ServiceRef, ...]:
    """The services of the same environment that this one calls, directly or not, nearest first; itself left out."""
    dependencies = view.config.evidence.dependencies
    names, queue = {service.name: None}, [service.name]
    while queue and len(names) <= MOST_SERVICES:
        for callee in dependencies.get(queue.pop(0), ()):
            if callee not in names:
                names[callee] = None
                queue.append(callee)
    place = service.cluster or service.environment
    found = (view.state.estate.named(name, place) for name in list(names)[1:])
    return tuple(services[0].ref for services in found if len(services) == 1)


def kind_of(metric: str) -> Kind:
    """What an alert most likely measures, by its name; errors where that does not say."""
    return Kind.LATENCY if _LATENCY.search(metric) else Kind.AVAILABILITY if _AVAILABLE.search(metric) else Kind.ERRORS


def _candidates(accused: Sequence[Accused], view: View, ports: Ports, incident: Incident) -> tuple[Candidate, ...]:
    """One for each commit, of the first service that it changed; the newest where there are very many."""
    owners: dict[str, list[tuple[Accused, Suspect]]] = {}
    for each in accused:
        for suspect in each.attribution.suspects:
            owners.setdefault(suspect.release.commit, []).append((each, suspect))
    newest = sorted(owners.values(), key=lambda held: -held[0][1].release.time)[:MOST_CANDIDATES]
    return tuple(_candidate(held, view, ports, incident) for held in newest)


def _candidate(held: list[tuple[Accused, Suspect]], view: View, ports: Ports, incident: Incident) -> Candidate:
    (first, suspect), *others = held
    release = suspect.release
    blamed = frozenset(each.release for each in past(view.state.log, first.history, incident.id))
    earlier = replace(first.history, releases=tuple(each for each in first.history.releases if each.time < release.time))
    return Candidate(
        key=release.commit,
        service=first.service.name,
        released_at=release.time,
        shared_with=tuple(each.service.name for each, _ in others),
        touched=touched(release),
        bot=release.bot,
        lines=len(release.changes) + sum(line.added + line.removed for line in release.merged),
        record=track_record(earlier, blamed, view.now, view.config.attribution.good_after),
    )


def touched(release: Release) -> Touched:
    """What the manifests say that it changed. What its source changed is not known here."""
    paths = tuple(dict.fromkeys(file.path for file in release.files))
    lines = [f"{c.path} {c.yaml_path}: {c.before} -> {c.after}" for c in release.changes]
    return Touched(paths, "\n".join(lines), release.subject)


def _series(symptom: Symptom, incident: Incident, start: Instant, view: View, ports: Ports) -> Iterable[Series]:
    rules = view.config.evidence.series
    if not rules:  # what the alert itself measures, of every service that it measures
        rule = SeriesRule(symptom.name, kind_of(symptom.name), "")
        yield from _of_rule(rule, _asked(ports.metrics, symptom.name, start, view.now), incident, view)
        return
    own = tuple(QueryRule(OURS + rule.name, rule.expr) for rule in rules)
    metrics = ports.metrics.knowing(own)
    for rule in rules:
        yield from _of_rule(rule, _asked(metrics, OURS + rule.name, start, view.now), incident, view)


def _asked(metrics: Metrics, name: str, start: Instant, end: Instant) -> Sequence[Sample]:
    try:
        return metrics.samples(name, {}, start, end)
    except (Unavailable, Refused):
        return ()


def _lines(accused: Sequence[Accused], start: Instant, view: View, ports: Ports) -> Iterable[Series]:
    """How many error lines each service logged, where `outcomes.error_logs` says what those are."""
    query = view.config.outcomes.error_logs
    if not query or ports.logs is None:
        return
    for each in accused[:MOST_LOGGED]:
        try:
            samples = ports.logs.errors(query, each.service, start, view.now)
        except (Unavailable, Refused):
            continue
        points = sorted((sample.at, sample.value) for sample in samples)
        if points:
            times, values = zip(*points, strict=True)
            yield Series(each.service.name, "error lines", Kind.ERRORS, times, tuple(v if math.isfinite(v) else math.nan for v in values))


def _of_rule(rule: SeriesRule, samples: Sequence[Sample], incident: Incident, view: View) -> Iterable[Series]:
    """Sort samples by what they are labelled with, and those by the service that the labels name."""
    by_labels: dict[tuple[tuple[str, str], ...], list[tuple[Instant, float]]] = {}
    for sample in samples:
        by_labels.setdefault(tuple(sorted(sample.labels.items())), []).append((sample.at, sample.value))
    found: dict[str, int] = {}
    for labels, points in sorted(by_labels.items()):
        service = whose(dict(labels), rule.label, incident.service, view)
        if service is None or found.get(service, 0) >= MOST_SERIES:
            continue
        found[service] = found.get(service, 0) + 1
        times, values = zip(*sorted(points), strict=True)
        metric = rule.name if found[service] == 1 else f"{rule.name} {found[service]}"
        yield Series(service, metric, rule.kind, times, tuple(v if math.isfinite(v) else math.nan for v in values), rule.counter)


def whose(labels: Mapping[str, str], label: str, near: ServiceRef, view: View) -> str | None:
    """The service of `near`'s environment that the labels of a series name, None where they name none, or one of elsewhere."""
    place = near.cluster or near.environment
    if label:
        services = view.state.estate.named(labels.get(label, ""), place)
        return services[0].ref.name if len(services) == 1 else None
    said = labels if any(each in labels for each in view.config.alerts.environment_labels) else {**labels, "environment": place}
    fired = Fired("series", "", "series", Status.FIRING, said, {}, "", 0.0, None, "", None, 0.0)
    found = resolve(fired, view.state.estate, view.config.alerts)
    here = isinstance(found, Resolved) and (found.service.environment, found.service.cluster) == (near.environment, near.cluster)
    return found.service.name if here and isinstance(found, Resolved) else None
