"""Notices → alerts of our own at Alertmanager: `RollbotNeedsHuman` while somebody is needed, `RollbotAlive` for as long as we work.

An alert stands as long as its `endsAt` says, so it is renewed; Alertmanager forgets it when it restarts, so renewing raises it again.
https://prometheus.io/docs/alerting/latest/clients/ and its OpenAPI description, api/v2/openapi.yaml.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import yaml

from bot.adapters.notifiers.asking import TIMEOUT, Door
from bot.errors import Refused
from bot.ports import Notice
from bot.refs import Instant

NEEDED, ALIVE = "RollbotNeedsHuman", "RollbotAlive"
STANDS = 300.0
"""Seconds that an alert stands without being renewed."""
_TITLE, _TEXT = 300, 4000


class Alertmanager:
    """`url`: where Alertmanager is, with its path prefix if it has one. Alerts carry what they are routed by: service and environment."""

    def __init__(self, url: str, timeout: float = TIMEOUT, now: Callable[[], Instant] = time.time) -> None:
        self._url, self._now = url.rstrip("/"), now
        self._door = Door("Alertmanager", (url,), timeout)

    def deliver(self, notice: Notice) -> None:
        """What neither needs a person nor says that none is needed is no alert."""
        if notice.urgent:
            self._post([_alert(notice, self._now() + STANDS)])
        elif notice.handled or notice.taken:
            self._post([_alert(notice, self._now())])

    def renew(self, pages: Sequence[Notice]) -> None:
        ends = self._now() + STANDS
        self._post([_alive(ends), *(_alert(page, ends) for page in pages)])

    def check(self) -> str:
        """Say who is told while we live; that nobody is told is Refused."""
        status = self._json("status")
        alive = self._json("alerts", filter=f'alertname="{ALIVE}"')
        try:
            version = str(status["versionInfo"]["version"])
            heard = sorted({str(receiver["name"]) for alert in alive for receiver in alert["receivers"]})
            deaf = _deaf(str(status["config"]["original"]))
        except (KeyError, TypeError, yaml.YAMLError) as error:
            raise Refused("Alertmanager answered something that is no answer of its API") from error
        if not heard:
            return f"version {version} answers; {ALIVE} does not stand there, so no worker has renewed it in the last minutes"
        if deaf.issuperset(heard):
            raise Refused(f"version {version} answers, but {ALIVE} goes to {', '.join(heard)}, which tells nobody")
        return f"version {version} answers; {ALIVE} goes to {', '.join(heard)}"

    def _post(self, alerts: list[dict[str, Any]]) -> None:
        self._door.post(f"{self._url}/api/v2/alerts", alerts)

    def _json(self, what: str, **params: str) -> Any:
        try:
            return self._door.get(f"{self._url}/api/v2/{what}", **params).json()
        except ValueError as error:
            raise Refused("Alertmanager answered something that is no JSON") from error


def _alert(notice: Notice, ends: Instant) -> dict[str, Any]:
    """Raised and resolved by the same labels: what it is about, never how it is told."""
    labels = {"alertname": NEEDED, "severity": "critical", "incident": notice.subject}
    if notice.service is not None:
        of = notice.service
        labels |= {"repository": of.repository, "environment": of.environment, "service": of.name}
        labels |= {"cluster": of.cluster} if of.cluster else {}
    annotations = {"summary": notice.title[:_TITLE], "description": notice.text[:_TEXT]}
    alert = {"labels": labels, "annotations": annotations, "endsAt": _stamp(ends)}
    return alert | ({"generatorURL": notice.url} if notice.url else {})


def _alive(ends: Instant) -> dict[str, Any]:
    told = {"summary": "Rollbot works. Be paged when this alert stops."}
    return {"labels": {"alertname": ALIVE, "severity": "none"}, "annotations": told, "endsAt": _stamp(ends)}


def _deaf(config: str) -> set[str]:
    """The receivers of a configuration that have nothing to tell by."""
    receivers = yaml.safe_load(config)["receivers"]
    return {str(each["name"]) for each in receivers if not any(str(key).endswith("_configs") and each[key] for key in each)}


def _stamp(at: Instant) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat()
