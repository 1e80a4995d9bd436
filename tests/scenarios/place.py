"""The world in which scenarios happen: Git in memory unless it is to be real, nobody helps, Rollbot may be killed or cut off."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from bot.errors import Unavailable
from bot.refs import ImageRef
from bot.world.origin import Origin
from bot.world.story import Story
from tests.reconciler.month import MonthWorld


class Shelves:
    """A registry that holds every image but those whose tags are gone, and may not answer."""

    def __init__(self) -> None:
        self.gone: tuple[str, ...] = ()
        self.down = False

    def holds(self, image: ImageRef) -> bool:
        if self.down:
            raise Unavailable(f"{image.name.partition('/')[0]} does not answer")
        return image.tag not in self.gone


class ScenarioWorld(MonthWorld):
    """A month's world at the pace of the scrapes, where people do only what the scenario tells.

    `held`: what the network holds back of Alertmanager's words, None while it holds nothing back.
    """

    pace = 15.0

    def __init__(self, told: Story, folder: Path, origin: Origin | None = None) -> None:
        self.held: list[bytes] | None = None
        super().__init__(told, folder, origin)
        self.registry = Shelves()
        self.whole = replace(self.whole, messengers={}, registry=self.registry)
        self.start()

    def hear(self, payload: bytes) -> None:
        if self.held is None:
            super().hear(payload)
        else:
            self.held.append(payload)

    def storm(self, pods: int) -> None:
        """The alert that was sent last comes again as of now, for each of so many pods (1: for no pod in particular)."""
        began = datetime.fromtimestamp(self.clock.now() - 60, UTC).isoformat()
        told = json.loads(self.sent[-1])
        for number in range(pods):
            alert = json.loads(json.dumps(told["alerts"][0]))
            alert["labels"] |= {"pod": f"{alert['labels']['service']}-7d9f8b6c5-{number:05d}"} if pods > 1 else {}
            alert |= {"fingerprint": f"{number:016x}", "status": "firing", "startsAt": began}
            self.hear(json.dumps(told | {"status": "firing", "alerts": [alert]}).encode())

    def go_back(self, service: str) -> None:
        """Somebody clicks Rollback in the cluster's own tool: it syncs no more, and runs the revision of the version before."""
        *earlier, last = self.cluster.rollouts
        key, now = f"{service}/prod", self.clock.now()
        before = next(each for each in reversed(earlier) if each.versions.get(key) != last.versions.get(key))
        self.cluster.rollouts.append(replace(before, synced=now, serving=now + self.cluster.rollout))
        self.cluster.stuck = True

    def _people(self) -> None:
        """They do what is told."""
