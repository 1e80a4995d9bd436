"""Several clusters' answers → one: a service may be delivered by Argo CD here and by Flux there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.errors import Refused, Unavailable
from bot.manifests.estate import Service
from bot.outcomes.job import JobRun, Phase
from bot.ports import Cluster, Sync
from bot.refs import Instant, Sha

_WORST = (Phase.FAILED, Phase.RUNNING, Phase.WAITING, Phase.SUCCEEDED)


class SeveralClusters:
    """Asks all of them: one that does not answer might run the service too, so nothing is said without it."""

    def __init__(self, clusters: Sequence[Cluster]) -> None:
        self.clusters = tuple(clusters)

    def sync(self, service: Service) -> Sync | None:
        answers = [sync for cluster in self.clusters if (sync := cluster.sync(service)) is not None]
        places = [place for sync in answers for place in sync.places if place.where]
        if places:
            return replace(places[0], others=tuple(replace(place, others=()) for place in places[1:]))
        return Sync(None, None, None, "; ".join(sync.message for sync in answers)) if answers else None

    def job(self, service: Service, name: str) -> JobRun | None:
        """The one that knows it; where several do, the worst, since every place has a database of its own or shares one."""
        runs = [run for cluster in self.clusters if (run := cluster.job(service, name)) is not None]
        known = [run for run in runs if run.phase is not Phase.WAITING] or runs
        return min(known, key=lambda run: _WORST.index(run.phase), default=None)

    def hasten(self, service: Service, commit: Sha, stuck: Instant | None = None) -> tuple[str, ...]:
        """One that cannot be asked keeps none of the others from being asked, and is said beside them."""
        said: list[str] = []
        for cluster in self.clusters:
            try:
                said += cluster.hasten(service, commit, stuck)
            except (Unavailable, Refused) as error:
                said.append(f"it could not be asked to hurry: {error}")
        return tuple(said)
