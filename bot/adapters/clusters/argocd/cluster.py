"""Port Cluster over Argo CD: Applications, children of ApplicationSets, several sources, apps of apps, rendered branches."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bot.adapters.clusters.answers import at, is_name, items, text, time_of
from bot.adapters.clusters.argocd import reading
from bot.adapters.clusters.argocd.api import ArgoApi
from bot.adapters.clusters.argocd.sources import Source, addresses, best, ours
from bot.adapters.clusters.delivering import closest, known_as, wanted_files
from bot.adapters.clusters.wire import one_line
from bot.manifests.estate import Service
from bot.outcomes.job import JobRun, Phase
from bot.ports import Repository, Sync
from bot.refs import Instant, Sha

_OURS = ("Application", "ApplicationSet")
_ILL = ("Degraded", "Missing", "Progressing", "Suspended")
_MOST = 3
_WORST = (Phase.FAILED, Phase.WAITING, Phase.RUNNING, Phase.SUCCEEDED)
"""Of several Applications: it is done where all of them are."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """An Application that delivers a service, and from which source of its. `children`: the Applications that it makes of our files."""

    application: dict[str, Any]
    source: Source
    children: tuple[dict[str, Any], ...] = ()


class ArgoCluster:
    """What one Argo CD says. Reading needs the right `get` on applications, ending a stuck operation `sync` too."""

    def __init__(self, api: ArgoApi, repository: Repository) -> None:
        self.api, self.repository = api, repository

    def sync(self, service: Service) -> Sync | None:
        """Every Application that delivers the service, one place each."""
        found = self.deliveries(service)
        if not found:
            return Sync(
                None, None, None, f"no Application that {self.api.wire.shown} shows delivers {service.ref} from {self.repository.name}"
            )
        first, *others = [self._read(each, service) for each in found]
        return replace(first, others=tuple(others))

    def hasten(self, service: Service, commit: Sha, stuck: Instant | None = None) -> tuple[str, ...]:
        """Refresh each, and end what holds another revision, where that is allowed."""
        said = []
        for each in self.deliveries(service):
            for named in (each.application, *each.children):
                whole = self.api.application(named, refresh=True)
                said.append(f"{reading.where(whole)} was asked to look at Git")
                if named is each.application and stuck is not None and self._holds_another(whole, each.source, commit, stuck):
                    self.api.end_operation(named)
                    said.append(f"{reading.where(whole)}: the sync that held another revision was ended")
        return tuple(said)

    def job(self, service: Service, name: str) -> JobRun | None:
        """As the last operation of the service's Application tells of its hooks; a prefix or suffix may have been given to its name."""
        found = self.deliveries(service)
        runs = [reading.hook(self.api.application(each.application), name) for each in found]
        return min(runs, key=lambda run: _WORST.index(run.phase), default=None)

    def deliveries(self, service: Service) -> tuple[Delivery, ...]:
        """Those that cover the service's files most closely, of those that follow our branch where there are any."""
        files, known = wanted_files(service), self.api.applications()
        ways = known_as((address for each in known for address in addresses(each)), self.repository.name)
        reads = [(each, sources) for each in known if (sources := ours(each, ways))]
        here = [(each, followed) for each, sources in reads if (followed := tuple(s for s in sources if s.follows(self.repository.branch)))]
        for some in (here, reads):
            closeness = {
                index: {file: source.covers(file) for file in files if (source := best(sources, file))}
                for index, (_, sources) in enumerate(some)
            }
            if found := closest(files, some, closeness):
                return tuple(self._delivery(each, sources, files, service, known) for each, sources in found)
        return ()

    def _delivery(
        self, application: dict[str, Any], sources: tuple[Source, ...], files: Sequence[str], service: Service, known: list[dict[str, Any]]
    ) -> Delivery:
        covering = [source for file in files if (source := best(sources, file))]
        return Delivery(application, covering[0], tuple(self._children(application, service, known)))

    def _children(self, parent: dict[str, Any], service: Service, known: list[dict[str, Any]]) -> Iterable[dict[str, Any]]:
        """The Applications that stand in the service's own files, or that an ApplicationSet there makes for it."""
        objects = {(pin.object_kind, pin.object_name) for pin in service.pins if pin.object_kind in _OURS and is_name(pin.object_name)}
        names = {name for kind, name in objects if kind == "Application"}
        for kind, name in objects:
            if kind == "ApplicationSet":
                made = self.api.made_by(name)
                names |= {each for each in made if service.ref.name in each} or set(made)
        return [each for each in known if (name := text(each, "metadata", "name")) in names and name != text(parent, "metadata", "name")]

    def _read(self, delivery: Delivery, service: Service) -> Sync:
        whole = self.api.application(delivery.application)
        found = self._explained(reading.read(whole, delivery.source), whole, service)
        for child in delivery.children:
            found = _with_child(found, self.api.application(child))
        return found

    def _explained(self, found: Sync, whole: dict[str, Any], service: Service) -> Sync:
        """Say which of its objects are not well, and what keeps it from syncing. What ails other services alone is not ours."""
        if found.healthy is False and not reading.running(whole):
            return _by_objects(found, self.api.nodes(whole), service)
        late = text(whole, "status", "sync", "status") == "OutOfSync" and reading.automated(whole)
        if late and not reading.running(whole) and not self.api.may_sync(whole):
            return replace(found, message=f"{found.message}, a sync window keeps it from syncing")
        return found

    def _holds_another(self, whole: dict[str, Any], source: Source, commit: Sha, stuck: Instant) -> bool:
        held, since = reading.operating(whole, source), reading.began(whole)
        running = reading.running(whole) and held is not None and since is not None and since < stuck
        return running and held is not None and not self.repository.contains(held, commit)


def _by_objects(found: Sync, nodes: list[dict[str, Any]], service: Service) -> Sync:
    ill = [node for node in nodes if text(node, "health", "status") in _ILL]
    names = {service.ref.name, *(alias.rpartition("/")[2] for alias in service.aliases)}
    own = [node for node in nodes if text(node, "name") in names and text(node, "health", "status")]
    told = [f"{text(node, 'kind')}/{text(node, 'name')} {text(node, 'health', 'status')} {text(node, 'health', 'message')}" for node in ill]
    more = f" and {len(told) - _MOST} more" if len(told) > _MOST else ""
    message = one_line(f"{found.message}: {'; '.join(told[:_MOST])}{more}" if told else found.message)
    elsewhere = bool(own) and not any(node in ill for node in own) and not any(_belongs(node, own) for node in ill)
    return replace(found, message=message, healthy=True if elsewhere and ill else found.healthy)


def _belongs(node: dict[str, Any], own: list[dict[str, Any]]) -> bool:
    """Whether an ill object is a part of one of ours (a ReplicaSet, a Pod), or cannot be told from one."""
    uids = {text(each, "uid") for each in own} - {""}
    names = tuple(f"{text(each, 'name')}-" for each in own)
    parents = {text(parent, "uid") for parent in items(node, "parentRefs")} - {""}
    return bool(parents & uids) or text(node, "name").startswith(names)


def _with_child(found: Sync, child: dict[str, Any]) -> Sync:
    """An app of apps has arrived once what it made has synced too: a child's own revision may be a chart's version."""
    status = at(child, "status")
    settled = text(status, "sync", "status") == "Synced" and not reading.running(child)
    wanted = at(child, "spec", "source") or at(child, "spec", "sources")
    compared = at(status, "sync", "comparedTo", "source") or at(status, "sync", "comparedTo", "sources")
    settled = settled and (not compared or compared == wanted)
    healthy = reading.WELL.get(text(status, "health", "status"), False)
    words = f"{reading.where(child)}: {text(status, 'sync', 'status')}, {text(status, 'health', 'status')}"
    by_hand = found.by_hand or ("" if settled or reading.automated(child) else f"argocd app sync {reading.qualified(child)}")
    told = f"{words}, it syncs by hand: {by_hand}" if by_hand and not settled else words
    worst = False if not settled or False in (healthy, found.healthy) else None if None in (healthy, found.healthy) else True
    finished = max((t for each in items(status, "history") if (t := time_of(each.get("deployedAt")))), default=None)
    since = None if found.since is None else max(found.since, finished or found.since)
    return replace(found, healthy=worst, since=since, message=one_line(f"{found.message}; {told}"), by_hand=by_hand)
