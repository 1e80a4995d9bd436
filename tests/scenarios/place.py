"""The world in which scenarios happen: Git in memory unless it is to be real, nobody helps, Rollbot may be killed or cut off."""

from __future__ import annotations

from bot.errors import Unavailable
from tests.reconciler.month import MonthWorld


class ScenarioWorld(MonthWorld):
    """A month's world at the pace of the scrapes, where people do only what the scenario tells."""

    pace = 15.0

    def rollbot(self) -> None:
        """While its store is away it does nothing; whoever sent something tries again."""
        try:
            super().rollbot()
        except Unavailable:
            self.start()

    def _people(self) -> None:
        """They do what is told."""
