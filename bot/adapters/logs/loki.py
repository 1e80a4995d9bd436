"""Loki's HTTP API → how a LogQL metric of `.rollbot.yaml` went.

https://grafana.com/docs/loki/latest/reference/loki-http-api/#query-logs-within-a-range-of-time
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import requests

from bot.errors import Refused, Unavailable
from bot.ports import Sample
from bot.refs import Instant, ServiceRef

STEP, MOST_POINTS = 15.0, 500
LARGEST = 8 * 1024 * 1024
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,252}")


class LokiLogs:
    """Asks what the configuration asks; `$service` and `$environment` are filled in where their names can mean nothing else."""

    def __init__(self, url: str, timeout: float = 10.0) -> None:
        self.url, self.timeout = url.rstrip("/"), timeout
        self.shown = f"Loki at {urlsplit(self.url).hostname or 'its address'}"
        self.session = requests.Session()

    def errors(self, query: str, service: ServiceRef, start: Instant, end: Instant) -> Sequence[Sample]:
        """At most a few hundred points a series, however long the time; nothing where there were no lines at all."""
        step = max(STEP, (end - start) / MOST_POINTS)
        asked = {
            "query": _filled(query, service),
            "start": f"{start * 1e9:.0f}",
            "end": f"{max(start, end) * 1e9:.0f}",
            "step": f"{step:.0f}s",
        }
        try:
            with self.session.get(
                f"{self.url}/loki/api/v1/query_range", params=asked, timeout=self.timeout, stream=True, allow_redirects=False
            ) as answer:
                return self._read(answer.status_code, _text(answer))
        except (requests.RequestException, OSError) as error:
            raise Unavailable(f"{self.shown} did not answer: {type(error).__name__}") from error

    def _read(self, status: int, text: bytes) -> Sequence[Sample]:
        """A query that Loki does not understand (400) is the configuration's fault, and stays so."""
        if status != 200:
            raise (Refused if status in (400, 401, 403, 404) else Unavailable)(f"{self.shown} answered {status}")
        if len(text) > LARGEST:
            raise Unavailable(f"{self.shown} answered more than {LARGEST // 1024 // 1024} MiB")
        try:
            return _samples(json.loads(text)["data"])
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise Unavailable(f"{self.shown} answered something that is no answer of its API") from error


def _text(answer: requests.Response) -> bytes:
    """The body, and no more of it than tells that it is too large."""
    found = b""
    for part in answer.iter_content(64 * 1024):
        found += part
        if len(found) > LARGEST:
            break
    return found


def _samples(data: Any) -> Sequence[Sample]:
    if data["resultType"] != "matrix":
        raise ValueError("expected a metric query")
    return tuple(
        Sample({str(k): str(v) for k, v in one["metric"].items()}, float(at), float(value))
        for one in data["result"]
        for at, value in one["values"]
    )


def _filled(query: str, service: ServiceRef) -> str:
    for mark, name in (("$service", service.name), ("$environment", service.environment)):
        if mark in query and not _NAME.fullmatch(name):
            raise Refused(f"{name!r} is not written into a query of logs")
        query = query.replace(mark, name)
    return query
