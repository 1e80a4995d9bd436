"""The queries of `.rollbot.yaml` → alerts in the inbox: what a sweep asks Prometheus, for those who have no alerting rules."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from bot.errors import Unavailable
from bot.incidents.rules import QueryRule
from bot.ports import Polled, Ports
from bot.reconciler.intake import receive
from bot.reconciler.view import in_force
from bot.refs import Instant
from bot.signals.payload import digest
from bot.signals.polled import SOURCE

MOST = 2000
"""Series of one query that are looked at."""

Seen = dict[str, dict[str, Any]]
"""By the series' name: its labels, since when it is there, whether that was told."""


def poll(ports: Ports) -> None:
    """Ask every query once, and put what began and what ended into the inbox. A series that is not measured any more has not ended.

    Raises Unavailable or Refused where the repository or the store cannot be read.
    """
    name, now = ports.repository.name, ports.clock.now()
    tree = ports.repository.tree(ports.repository.resolve(ports.repository.branch))
    rules = in_force(ports, tree).config.alerts.queries
    text = ports.store.kept(f"polled:{name}")
    if not rules and not text:
        return
    before: dict[str, Seen] = json.loads(text) if text else {}
    after, alerts = dict(before), []
    for rule in rules:
        polled = _asked(rule, ports)
        if polled is not None:
            seen, said = _compared(rule, polled, before.get(rule.name, {}), now)
            after[rule.name] = seen
            alerts += said
    if alerts:
        receive(SOURCE, json.dumps({"status": "firing", "alerts": alerts}).encode(), ports)
    if after != before:
        ports.store.keep(f"polled:{name}", json.dumps(after).encode())


def _asked(rule: QueryRule, ports: Ports) -> Polled | None:
    try:
        return ports.metrics.polled(rule)
    except Unavailable:
        return None


def _compared(rule: QueryRule, polled: Polled, before: Seen, now: Instant) -> tuple[Seen, list[dict[str, Any]]]:
    """What is there now, and the alerts that began or ended since the last time."""
    measured = {_named(labels) for labels in polled.measured}
    firing = {_named(labels): dict(labels) for labels in polled.firing[:MOST]}
    seen: Seen = {}
    said = []
    for key, labels in firing.items():
        known = before.get(key, {"labels": labels, "since": now, "told": False})
        told = known["told"] or now - known["since"] >= rule.after
        seen[key] = {**known, "told": told}
        if told and not known["told"]:
            said.append(_alert(rule, labels, known["since"]))
    for key, known in _gone(before, firing):
        if key not in measured and known["told"]:
            seen[key] = known
        elif known["told"]:
            said.append(_alert(rule, known["labels"], known["since"]) | {"status": "resolved", "endsAt": _time(now)})
    return seen, said


def _gone(before: Seen, firing: Mapping[str, object]) -> Iterator[tuple[str, dict[str, Any]]]:
    return ((key, known) for key, known in before.items() if key not in firing)


def _named(labels: Mapping[str, str]) -> str:
    return digest(*(f"{name}={text}" for name, text in sorted(labels.items())))[:32]


def _alert(rule: QueryRule, labels: Mapping[str, str], since: Instant) -> dict[str, Any]:
    annotations = {"summary": rule.summary} if rule.summary else {}
    return {"status": "firing", "labels": {**labels, "alertname": rule.name}, "annotations": annotations, "startsAt": _time(since)}


def _time(at: Instant) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat()
