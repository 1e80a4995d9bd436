"""Alertmanager's webhook, version 4 → alerts.

https://prometheus.io/docs/alerting/latest/configuration/#webhook_config; what other senders of the same family add is ignored.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal

from pydantic import BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

from bot.refs import Instant
from bot.signals.payload import LONGEST_ANNOTATION, LONGEST_NAME, Part, Texts, capped, clean, digest, instant, read, url
from bot.signals.signal import Alert, Status

SOURCE = "alertmanager"
MOST_ALERTS = 2000


class _Told(Part):
    model_config = ConfigDict(alias_generator=to_camel)


class TheirAlert(_Told):
    status: Literal["firing", "resolved"] | None = None
    labels: Texts = Field(default_factory=dict)
    annotations: Texts = Field(default_factory=dict)
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    generator_url: str | None = Field(default=None, alias="generatorURL")
    fingerprint: str | None = None


class _Payload(_Told):
    status: Literal["firing", "resolved"]
    group_key: str | None = None
    group_labels: Texts = Field(default_factory=dict)
    truncated_alerts: Annotated[int, BeforeValidator(lambda value: value or 0)] = 0
    alerts: list[TheirAlert]


def parse(body: bytes, received_at: Instant) -> tuple[Alert, ...]:
    """Return the payload's alerts, each once. Raises Refused for what is no such payload, saying where it differs."""
    return of_family(SOURCE, "an Alertmanager payload", body, received_at)


def of_family(source: str, what: str, body: bytes, received_at: Instant) -> tuple[Alert, ...]:
    """Read a payload of Alertmanager's family, to which Grafana's and Prometheus' own alerts belong. Raises Refused."""
    payload = read(_Payload, body, what)
    left_out = max(0, payload.truncated_alerts) + max(0, len(payload.alerts) - MOST_ALERTS)
    found = {}
    for one in payload.alerts[:MOST_ALERTS]:
        alert = _alert(source, one, payload, received_at, left_out)
        found[alert.key] = alert
    return tuple(found.values())


def _alert(source: str, one: TheirAlert, payload: _Payload, received_at: Instant, left_out: int) -> Alert:
    labels = capped(one.labels)
    annotations = capped(one.annotations, LONGEST_ANNOTATION)
    fingerprint = clean(one.fingerprint or "", LONGEST_NAME) or digest(*(f"{name}={text}" for name, text in sorted(labels.items())))[:16]
    status = Status(one.status or payload.status)
    started = instant(one.starts_at)
    # the sender's own time, not ours, names the instance: a delivery sent again must have the same key
    instance = digest(source, fingerprint, _moment(one.starts_at))
    return Alert(
        source=source,
        key=f"{source}:{digest(payload.group_key or '', instance, status)[:32]}",
        name=labels.get("alertname", ""),
        status=status,
        labels=labels,
        annotations=annotations,
        severity=(labels.get("severity") or labels.get("priority") or "").strip().lower(),
        started_at=received_at if started is None else min(started, received_at),
        ended_at=_ended(one, status, received_at),
        fingerprint=fingerprint,
        generator_url=url(one.generator_url),
        received_at=received_at,
        instance=f"{source}:{instance[:32]}",
        truncated=left_out,
        group=capped(payload.group_labels),
        never=_no_data(annotations),
    )


def _moment(time: datetime | None) -> str:
    """To the millisecond: that is all that Alertmanager's API says of what its webhook says to the nanosecond."""
    seconds = instant(time)
    return "" if time is None or seconds is None else f"{int(seconds)}.{time.microsecond // 1000:03d}"


def _no_data(annotations: Mapping[str, str]) -> str:
    """Grafana fires a rule of its own state of affairs: https://grafana.com/docs/grafana/latest/alerting/fundamentals/alert-rule-evaluation/."""
    reason = annotations.get("grafana_state_reason", "")
    parts = {part.strip().lower() for part in reason.split(",")}
    return f"it fires for want of data ({reason[:100]}), which is no symptom" if parts & {"nodata", "error", "missingseries"} else ""


def _ended(one: TheirAlert, status: Status, received_at: Instant) -> Instant | None:
    if status is Status.FIRING:
        return None  # endsAt is then 0001-01-01, or when Alertmanager would take it for resolved
    ended = instant(one.ends_at)
    return received_at if ended is None else min(ended, received_at)
