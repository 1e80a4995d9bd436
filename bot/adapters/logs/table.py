"""LOGS: the systems that keep lines, each with how it is opened where it was named."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bot.adapters.logs.none import NoLogs
from bot.ports import Logs


def _none(loki: str | None) -> Logs | None:
    return NoLogs() if loki is None else None


def _loki(loki: str | None) -> Logs | None:
    if loki is None:
        return None
    from bot.adapters.logs.loki import LokiLogs

    return LokiLogs(loki)


LOGS: Mapping[str, Callable[[str | None], Logs | None]] = {"none": _none, "loki": _loki}


def opened(loki: str | None) -> Logs:
    """`loki`: its address, None where there is none."""
    return next(logs for open_one in LOGS.values() if (logs := open_one(loki)) is not None)
