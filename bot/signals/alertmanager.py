"""Alertmanager's webhook, version 4 → alerts.

https://prometheus.io/docs/alerting/latest/configuration/#webhook_config; what other senders of the same family add is ignored.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from bot.errors import Refused
from bot.refs import Instant
from bot.signals.signal import Alert, Status

SOURCE = "alertmanager"

MOST_ALERTS = 2000
MOST_LABELS = 128
LONGEST_NAME = 256
LONGEST_LABEL = 1024
LONGEST_ANNOTATION = 4096
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def _absent(value: object) -> object:
    """Maps and numbers that a sender writes as null mean the same as left out."""
    return {} if value is None else value


def _texts(value: object) -> object:
    """A label without a value is no label, as in Prometheus."""
    return {key: text for key, text in value.items() if text is not None} if isinstance(value, dict) else _absent(value)


_Texts = Annotated[dict[str, str], BeforeValidator(_texts)]


class _Alert(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, extra="ignore", coerce_numbers_to_str=True)

    status: Literal["firing", "resolved"] | None = None
    labels: _Texts = Field(default_factory=dict)
    annotations: _Texts = Field(default_factory=dict)
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    generator_url: str | None = Field(default=None, alias="generatorURL")
    fingerprint: str | None = None


class _Payload(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, extra="ignore", coerce_numbers_to_str=True)

    status: Literal["firing", "resolved"]
    group_key: str | None = None
    group_labels: _Texts = Field(default_factory=dict)
    truncated_alerts: Annotated[int, BeforeValidator(lambda value: value or 0)] = 0
    alerts: list[_Alert]


def parse(body: bytes, received_at: Instant) -> tuple[Alert, ...]:
    """Return the payload's alerts, each once. Raises Refused for what is no such payload, saying where it differs."""
    try:
        payload = _Payload.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "body"
        raise Refused(f"not an Alertmanager payload: {where}: {first['msg']}") from error
    left_out = max(0, payload.truncated_alerts) + max(0, len(payload.alerts) - MOST_ALERTS)
    found = {}
    for one in payload.alerts[:MOST_ALERTS]:
        alert = _alert(one, payload, received_at, left_out)
        found[alert.key] = alert
    return tuple(found.values())


def _alert(one: _Alert, payload: _Payload, received_at: Instant, left_out: int) -> Alert:
    labels = _capped(one.labels, LONGEST_LABEL)
    fingerprint = _clean(one.fingerprint or "", LONGEST_NAME) or _hash(*(f"{name}={text}" for name, text in sorted(labels.items())))[:16]
    status = Status(one.status or payload.status)
    started = _instant(one.starts_at)
    # the sender's own time, not ours, names the instance: a delivery sent again must have the same key
    instance = _hash(SOURCE, fingerprint, repr(started))
    return Alert(
        source=SOURCE,
        key=f"{SOURCE}:{_hash(payload.group_key or '', instance, status)[:32]}",
        name=labels.get("alertname", ""),
        status=status,
        labels=labels,
        annotations=_capped(one.annotations, LONGEST_ANNOTATION),
        severity=(labels.get("severity") or labels.get("priority") or "").strip().lower(),
        started_at=received_at if started is None else min(started, received_at),
        ended_at=_ended(one, status, received_at),
        fingerprint=fingerprint,
        generator_url=_url(one.generator_url),
        received_at=received_at,
        instance=f"{SOURCE}:{instance[:32]}",
        truncated=left_out,
        group=_capped(payload.group_labels, LONGEST_LABEL),
    )


def _ended(one: _Alert, status: Status, received_at: Instant) -> Instant | None:
    if status is Status.FIRING:
        return None  # endsAt is then 0001-01-01, or when Alertmanager would take it for resolved
    ended = _instant(one.ends_at)
    return received_at if ended is None else min(ended, received_at)


def _instant(time: datetime | None) -> Instant | None:
    """Go writes its zero time, 0001-01-01, for a time that is not set."""
    if time is None or time.year < 1970:
        return None
    return (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()


def _capped(texts: Mapping[str, str], longest: int) -> dict[str, str]:
    some = list(texts.items())[:MOST_LABELS]
    return {_clean(name, LONGEST_NAME): _clean(text, longest) for name, text in some}


def _clean(text: str, longest: int) -> str:
    """Cap a stranger's text and drop what no database or page takes (NUL and its like)."""
    return _CONTROL.sub("", text)[:longest]


def _url(text: str | None) -> str | None:
    clean = _clean(text or "", LONGEST_ANNOTATION)
    return clean if clean.startswith(("http://", "https://")) else None


def _hash(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
