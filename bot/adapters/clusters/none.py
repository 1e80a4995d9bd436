"""No cluster is configured: nobody can tell what arrived."""

from __future__ import annotations

from bot.manifests.estate import Service
from bot.outcomes.job import JobRun
from bot.ports import Sync
from bot.refs import Instant, Sha


class NoCluster:
    """Answers that it cannot tell; recovery is then judged on the alert and its metric alone."""

    def sync(self, service: Service) -> Sync | None:
        return None

    def hasten(self, service: Service, commit: Sha, stuck: Instant | None = None) -> tuple[str, ...]:
        return ()

    def job(self, service: Service, name: str) -> JobRun | None:
        return None
