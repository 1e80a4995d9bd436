"""Commit statuses: one for each context, written only where it says something else."""

from __future__ import annotations

from typing import Any

from bot.adapters.forges.github.client import Client
from bot.changes.change import Mark
from bot.refs import Sha

_LONGEST = 140


class Statuses:
    def __init__(self, client: Client) -> None:
        self._client = client

    def keep(self, commit: Sha, mark: Mark) -> None:
        text = mark.text if len(mark.text) <= _LONGEST else mark.text[: _LONGEST - 1] + "…"
        asked: dict[str, Any] = {"state": mark.state, "context": mark.context, "description": text}
        if mark.url and mark.url.startswith(("http://", "https://")):
            asked["target_url"] = mark.url

        def look() -> bool | None:
            """Whether the commit's newest status of that context says it already."""
            there = self._client.maybe(self._client.at(f"/commits/{commit}/status"), sure=True, per_page=100) or {}
            for status in there.get("statuses", ()):
                if status["context"] == mark.context:
                    return True if all((status.get(name) or None) == value for name, value in asked.items()) else None
            return None

        with self._client.writing:
            if look() is None:
                path = self._client.at(f"/statuses/{commit}")
                self._client.settled(lambda: bool(self._client.send("POST", path, asked)) or True, look)
