"""No cluster is configured: nobody can tell what arrived."""

from __future__ import annotations

from bot.ports import Sync
from bot.refs import ServiceRef


class NoCluster:
    """Answers that it cannot tell; recovery is then judged on the alert and its metric alone."""

    def sync(self, service: ServiceRef) -> Sync | None:
        return None
