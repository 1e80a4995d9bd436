"""Alertmanager's API, version 2 → which alerts are silenced or inhibited, and all that fire, as its webhook would tell them.

https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import requests
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.alias_generators import to_camel

from bot.errors import Unavailable
from bot.signals.payload import Part, Text, Texts

CHUNK = 1000
LARGEST = 64 * 1024 * 1024


class _Said(Part):
    model_config = ConfigDict(alias_generator=to_camel)


class _State(_Said):
    state: Text = ""
    silenced_by: tuple[Text, ...] = ()
    inhibited_by: tuple[Text, ...] = ()
    muted_by: tuple[Text, ...] = ()


class _Theirs(_Said):
    labels: Texts
    annotations: Texts = Field(default_factory=dict)
    starts_at: Text = ""
    generator_url: Text = Field(default="", alias="generatorURL")
    fingerprint: Text
    status: _State = _State()


_ALERTS = TypeAdapter(list[_Theirs])


class AlertmanagerAlerts:
    """Asks for all alerts and compares here: nothing of a stranger's is written into a query."""

    def __init__(self, url: str, timeout: float = 10.0) -> None:
        self.url, self.timeout = url.rstrip("/"), timeout
        self.shown = urlsplit(self.url).hostname or "Alertmanager"
        self.session = requests.Session()

    def muted(self, fingerprint: str) -> str | None:
        found = next((alert.status for alert in self._alerts() if alert.fingerprint == fingerprint), None)
        if found is None:
            return None
        by = (
            ("silenced by", found.silenced_by),
            ("inhibited by the alert", found.inhibited_by),
            ("muted by the time interval", found.muted_by),
        )
        said = [f"{how} {', '.join(name[:100] for name in names[:5])}" for how, names in by if names]
        return "; ".join(said) or ("suppressed" if found.state == "suppressed" else None)

    def firing(self) -> Sequence[bytes]:
        told = [
            {
                "status": "firing",
                "labels": alert.labels,
                "annotations": alert.annotations,
                "startsAt": alert.starts_at or None,
                "generatorURL": alert.generator_url,
                "fingerprint": alert.fingerprint,
            }
            for alert in self._alerts()
            if alert.status.state == "active"
        ]
        chunks = [told[at : at + CHUNK] for at in range(0, len(told), CHUNK)]
        return tuple(json.dumps({"version": "4", "status": "firing", "alerts": chunk}).encode() for chunk in chunks)

    def _alerts(self) -> list[_Theirs]:
        try:
            with self.session.get(
                f"{self.url}/api/v2/alerts",
                params={"active": "true", "silenced": "true", "inhibited": "true"},
                timeout=self.timeout,
                stream=True,
            ) as answer:
                answer.raise_for_status()
                body = answer.raw.read(LARGEST + 1, decode_content=True)
        except requests.HTTPError as error:
            raise Unavailable(f"Alertmanager at {self.shown} answered {error.response.status_code}") from error
        except (requests.RequestException, OSError) as error:
            raise Unavailable(f"Alertmanager at {self.shown} did not answer: {type(error).__name__}") from error
        return self._read(body)

    def _read(self, body: Any) -> list[_Theirs]:
        if len(body) > LARGEST:
            raise Unavailable(f"Alertmanager at {self.shown} answered more than {LARGEST} bytes")
        try:
            return _ALERTS.validate_json(body)
        except ValidationError as error:
            raise Unavailable(f"Alertmanager at {self.shown} answered something that is no answer of its API") from error
