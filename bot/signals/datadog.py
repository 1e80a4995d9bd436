"""Datadog's webhooks integration, with our template (`rollbot.datadog/v1`, docs/signals.md) → alerts.

https://docs.datadoghq.com/integrations/webhooks/. Datadog puts texts between our quotation marks as they are: a query or title with
quotation marks in it makes the body no JSON, so it is read by the names of our keys then.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime

from bot.errors import Refused
from bot.refs import Instant
from bot.signals.payload import Part, Text, event, read
from bot.signals.signal import Alert, Ignored

SOURCE = "datadog"
SCHEMA = "rollbot.datadog/v1"
_FIRES = frozenset(("triggered", "re-triggered"))
_WARNS = frozenset(("warn", "re-warn"))
_TITLE = re.compile(r"^(?:\[[^\]]{0,200}\]\s*)+")


class _Payload(Part):
    schema_: Text = ""
    alert_id: Text = ""
    cycle: Text = ""
    transition: Text = ""
    aggreg: Text = ""
    metric: Text = ""
    query: Text = ""
    scope: Text = ""
    priority: Text = ""
    service: Text = ""
    env: Text = ""
    version: Text = ""
    tags: Text = ""
    link: Text = ""
    date: Text = ""
    title: Text = ""


_KEYS = tuple(name.removesuffix("_") for name in _Payload.model_fields)
_KEY = re.compile(rb'(?:^\s*\{\s*|"\s*,\s*)"(' + "|".join(_KEYS).encode() + rb')"\s*:\s*"')


def parse(body: bytes, received_at: Instant) -> tuple[Alert, ...] | Ignored:
    """Read one change of a monitor. Raises Refused for what does not follow our template."""
    told = _told(body)
    if told.schema_ != SCHEMA or not told.alert_id:
        raise Refused(f"not a webhook of Datadog by our template: schema and alert_id: expected {SCHEMA} and the monitor's id")
    transition = told.transition.strip().lower()
    firing = transition in _FIRES or transition in _WARNS
    if not firing and transition != "recovered":
        return Ignored(f"{told.transition[:100] or 'no transition'} is neither trouble nor its end")
    at = _date(told.date)
    return (
        event(
            SOURCE,
            _TITLE.sub("", told.title) or f"Datadog monitor {told.alert_id}",
            firing=firing,
            about=(told.alert_id, told.aggreg or told.scope),
            which=(told.cycle,) if told.cycle else (),
            at=at,
            received_at=received_at,
            labels={**_tags(told.tags), "service": told.service, "env": told.env, "version": told.version, "metric": told.metric},
            severity="warning" if transition in _WARNS else told.priority,
            summary=told.title,
            link=told.link,
        ),
    )


def _told(body: bytes) -> _Payload:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        found = _loose(body)
    if not isinstance(found, dict):
        raise Refused("not a webhook of Datadog by our template: body: expected an object")
    texts = {key: found.get(key) for key in _KEYS}
    written = json.dumps({"schema_" if key == "schema" else key: _said(text) for key, text in texts.items()})
    return read(_Payload, written.encode(), "a webhook of Datadog by our template")


def _said(text: object) -> str | None:
    """What Datadog has no value for stays the variable's name, or becomes a word for nothing."""
    if isinstance(text, bool) or not isinstance(text, str | int | float):
        return None
    said = str(text).encode("utf-8", "replace").decode()
    return None if said.startswith("$") or said in ("null", "None", "n/a") else said


def _loose(body: bytes) -> dict[str, str]:
    """A text ends where the next of our keys begins, or the body."""
    found = list(_KEY.finditer(body))
    ends = [key.start() for key in found[1:]] + [body.rfind(b'"')]
    texts = {key[1].decode(): body[key.end() : max(key.end(), end)] for key, end in zip(found, ends, strict=True)} if found else {}
    if not body.rstrip().endswith(b'"}') and not re.search(rb'"\s*\}\s*$', body[-200:]):
        raise Refused("not a webhook of Datadog by our template: body: it is cut off, or something else")
    return {key: text.decode("utf-8", "replace") for key, text in texts.items()}


def _tags(text: str) -> Mapping[str, str]:
    pairs = (tag.strip().partition(":") for tag in text.split(","))
    return {name.strip(): value for name, colon, value in pairs if name.strip() and value}


def _date(text: str) -> Instant | None:
    """`$DATE` is in milliseconds since 1970."""
    if not re.fullmatch(r"[0-9]{1,15}", text):
        return None
    return datetime.fromtimestamp(min(int(text) / 1000, 4e9), UTC).timestamp() or None
