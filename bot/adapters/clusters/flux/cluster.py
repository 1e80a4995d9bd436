"""Port Cluster over Flux: Kustomizations of Git and OCI sources, and the HelmReleases and Kustomizations that they apply."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bot.adapters.clusters.answers import at, text
from bot.adapters.clusters.delivering import closest, inside, known_as, wanted_files
from bot.adapters.clusters.flux import reading
from bot.adapters.clusters.flux.api import FluxApi
from bot.adapters.clusters.wire import one_line
from bot.manifests.estate import Service
from bot.outcomes.job import JobRun, Phase
from bot.ports import Repository, Sync
from bot.refs import Instant, Sha

ORIGIN = "org.opencontainers.image.source"
"""Where an OCI artefact says which repository it was made of (`flux push artifact --source`)."""
_LABEL = "kustomize.toolkit.fluxcd.io/"


@dataclass(frozen=True, slots=True)
class Delivery:
    """A Kustomization that delivers a service, its source, and the objects of Flux that it makes of our files."""

    kustomization: dict[str, Any]
    source: dict[str, Any]
    children: tuple[dict[str, Any], ...] = ()


class FluxCluster:
    """What Flux in one cluster says. Reading needs `list` on its objects, hurrying it `patch`, or a Receiver's webhook instead."""

    def __init__(self, api: FluxApi, repository: Repository, receiver: Callable[[], None] | None = None) -> None:
        """`receiver` calls the webhook of a Flux Receiver, where one is to be used instead of patching."""
        self.api, self.repository, self.receiver = api, repository, receiver

    def sync(self, service: Service) -> Sync | None:
        found = [_read(each) for each in self.deliveries(service)]
        if not found:
            said = f"no Kustomization that {self.api.wire.shown} shows delivers {service.ref} from {self.repository.name}"
            return Sync(None, None, None, said)
        return replace(found[0], others=tuple(found[1:]))

    def hasten(self, service: Service, commit: Sha, stuck: Instant | None = None) -> tuple[str, ...]:
        """Have the source fetched and the rest reconciled; asked once for each commit, since a new artefact starts the rest by itself.

        Flux drops what is under way by itself where its controllers are told to; nothing is ended here.
        """
        deliveries = self.deliveries(service)
        if self.receiver is not None:
            if deliveries:
                self.receiver()
            return ("Flux' Receiver was called",) if deliveries else ()
        said = []
        for each in deliveries:
            for one in (each.source, each.kustomization, *each.children):
                if at(one, "spec", "suspend") is not True and self.api.request(one, f"rollbot-{commit}"):
                    said.append(f"{reading.named(one)} was asked to reconcile")
        return tuple(dict.fromkeys(said))

    def job(self, service: Service, name: str) -> JobRun | None:
        """As the Kustomization of that name tells, which waits for the Job: no right to read Jobs is needed."""
        if not self.deliveries(service):
            return None
        found = [each for each in self.api.listed("Kustomization") if text(each, "metadata", "name") == name]
        return reading.job(found[0]) if found else JobRun(Phase.WAITING, f"there is no Kustomization {name} yet", self.api.wire.shown)

    def deliveries(self, service: Service) -> tuple[Delivery, ...]:
        """Those that cover the service's files most closely, of those that follow our branch where there are any."""
        listed = [each for kind in ("GitRepository", "OCIRepository") for each in self.api.listed(kind)]
        ways = known_as(map(_made_of, listed), self.repository.name)
        sources = {_key(each): each for each in listed if _made_of(each) in ways}
        kustomizations = self.api.listed("Kustomization")
        reads = [(each, sources[key]) for each in kustomizations if (key := _source_of(each)) in sources]
        here = [(each, source) for each, source in reads if self._follows(source)]
        files = wanted_files(service)
        for some in (here, reads):
            depths = [{file: _covers(each, source, file) for file in files} for each, source in some]
            closeness = {index: {file: depth for file, depth in each.items() if depth >= 0} for index, each in enumerate(depths)}
            if found := closest(files, some, closeness):
                children = self._children(service, kustomizations)
                return tuple(Delivery(each, source, tuple(c for c in children if _made_by(c, each))) for each, source in found)
        return ()

    def _follows(self, source: Mapping[str, Any]) -> bool:
        """Whether it is our branch; an OCI artefact's tag tells nothing of it. Without a ref, a GitRepository follows `master`."""
        if source["kind"] == "OCIRepository":
            return True
        ref = at(source, "spec", "ref")
        if text(ref, "name"):
            return text(ref, "name") == f"refs/heads/{self.repository.branch}"
        pinned = any(text(ref, key) for key in ("tag", "semver", "commit"))
        return not pinned and (text(ref, "branch") or "master") == self.repository.branch

    def _children(self, service: Service, kustomizations: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """Flux' own objects that stand in the service's files."""
        objects = {(pin.object_kind, pin.object_name) for pin in service.pins if pin.object_name}
        releases = self.api.listed("HelmRelease") if any(kind == "HelmRelease" for kind, _ in objects) else []
        known = [*releases, *(kustomizations if any(kind == "Kustomization" for kind, _ in objects) else ())]
        return [each for each in known if (each["kind"], text(each, "metadata", "name")) in objects]


def _read(delivery: Delivery) -> Sync:
    found = reading.read(delivery.kustomization, delivery.source)
    for child in delivery.children:
        found = _with_child(found, child)
    return found


def _with_child(found: Sync, child: Mapping[str, Any]) -> Sync:
    """A HelmRelease has arrived once its own controller has brought what the Kustomization wrote into it."""
    settled, words, healed, deployed = reading.helm(child)
    message = one_line(f"{found.message}; {reading.named(child)}: {words}")
    since = None if found.since is None else max(found.since, deployed or found.since)
    worst = False if found.healthy is False or not settled else True if text(child, "kind") == "HelmRelease" else found.healthy
    by_hand = "; ".join(filter(None, (found.by_hand, reading.resume(child))))
    return replace(found, healthy=worst, since=since, message=message, by_hand=by_hand, healed=found.healed or healed)


def _made_of(source: Mapping[str, Any]) -> str:
    """The address of the Git repository behind a source, "" where an artefact does not say."""
    return text(source, "spec", "url") if source["kind"] == "GitRepository" else text(source, "status", "artifact", "metadata", ORIGIN)


def _key(found: Mapping[str, Any]) -> tuple[str, str, str]:
    return text(found, "kind"), text(found, "metadata", "namespace"), text(found, "metadata", "name")


def _source_of(kustomization: Mapping[str, Any]) -> tuple[str, str, str]:
    ref = at(kustomization, "spec", "sourceRef")
    return text(ref, "kind"), text(ref, "namespace") or text(kustomization, "metadata", "namespace"), text(ref, "name")


def _covers(kustomization: Mapping[str, Any], source: Mapping[str, Any], file: str) -> int:
    """How closely. An OCI artefact may have been made of any folder above the file, so its paths may begin at any of them."""
    folder = text(kustomization, "spec", "path")
    if source["kind"] == "GitRepository":
        return inside(file, folder)
    parts = file.split("/")
    return max(inside("/".join(parts[start:]), folder) for start in range(len(parts)))


def _made_by(child: Mapping[str, Any], kustomization: Mapping[str, Any]) -> bool:
    """By the labels that the controller puts on what it applies; an object without them may be anybody's, so it counts."""
    labels = at(child, "metadata", "labels")
    said = (text(labels, f"{_LABEL}name"), text(labels, f"{_LABEL}namespace"))
    return said in (("", ""), (text(kustomization, "metadata", "name"), text(kustomization, "metadata", "namespace")))
