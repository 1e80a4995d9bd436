"""Any JSON object → an alert, by a mapping of its fields that `.rollbot.yaml` gives (`alerts.mappings`).

The door keeps the object; it is read when it is worked on, by the configuration in force then.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json

from bot.refs import Instant
from bot.signals.globs import fits
from bot.signals.payload import LONGEST_ANNOTATION, digest, event, instant, tree
from bot.signals.signal import Alert, Ignored, Told

SOURCE = "json"
_TIME: TypeAdapter[datetime] = TypeAdapter(datetime)
_PLACE = re.compile(r"\{([^{}]{1,200})\}")
_STEP = re.compile(r"([^.\[\]]+)|\[(\d{1,6})\]")


@dataclass(frozen=True, slots=True)
class JsonRule:
    """How one kind of object is read. Texts hold `{path}` for what stands there (`alert.tags[0].name`); paths go to globs (`*`).

    `when`: which objects it is for; `firing` and `resolved`: what tells one from the other, an empty `firing` means all others.
    `key` names what fires, whatever its state.
    """

    name: str
    key: str
    when: Mapping[str, str] = field(default_factory=dict)
    firing: Mapping[str, str] = field(default_factory=dict)
    resolved: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    severity: str = ""
    summary: str = ""
    started: str = ""
    link: str = ""


def parse(body: bytes, received_at: Instant) -> tuple[Told]:
    """Keep the object. Raises Refused for what is none."""
    tree(body, "a JSON object")
    return (Told(f"{SOURCE}:{digest(body.decode())[:32]}", received_at, body),)


def mapped(told: Told, rules: Sequence[JsonRule]) -> Alert | Ignored:
    """Read the object by the first rule that is for it."""
    if not rules:
        return Ignored("alerts.mappings in .rollbot.yaml maps nothing yet")
    payload = from_json(told.body)
    rule = next((rule for rule in rules if _all(rule.when, payload)), None)
    if rule is None:
        return Ignored("no rule of alerts.mappings is for it")
    resolved = bool(rule.resolved) and _all(rule.resolved, payload)
    if not resolved and not _all(rule.firing, payload):
        return Ignored("the rule of alerts.mappings finds it neither firing nor resolved")
    key = _filled(rule.key, payload)
    if not key:
        return Ignored(f"nothing stands at {rule.key}, which names it")
    return event(
        SOURCE,
        _filled(rule.name, payload) or key,
        firing=not resolved,
        about=(key,),
        at=_at(_filled(rule.started, payload)) if not resolved else None,
        received_at=told.at,
        labels={label: _filled(text, payload) for label, text in rule.labels.items()},
        severity=_filled(rule.severity, payload),
        summary=_filled(rule.summary, payload),
        link=_filled(rule.link, payload),
    )


def _all(conditions: Mapping[str, str], payload: Any) -> bool:
    return all(fits(pattern, _text(payload, path)) for path, pattern in conditions.items())


def _filled(template: str, payload: Any) -> str:
    return _PLACE.sub(lambda place: _text(payload, place[1]), template)[:LONGEST_ANNOTATION]


def _text(payload: Any, path: str) -> str:
    """What stands at a path, as JSON writes it; "" where nothing does, or more than a scalar."""
    for step in _STEP.finditer(path):
        if step[1] is not None:
            payload = payload.get(step[1]) if isinstance(payload, dict) else None
        else:
            payload = payload[int(step[2])] if isinstance(payload, list) and int(step[2]) < len(payload) else None
    if isinstance(payload, bool):
        return "true" if payload else "false"
    return str(payload)[:LONGEST_ANNOTATION] if isinstance(payload, str | int | float) else ""


def _at(text: str) -> Instant | None:
    """RFC 3339, or seconds or milliseconds since 1970."""
    try:
        return instant(_TIME.validate_python(text)) if text else None
    except ValidationError:
        return None
