"""Errors over time → alerts that wait, fire, last and resolve: port Metrics, and Alertmanager's payload bytes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.errors import Unavailable
from bot.incidents.rules import QueryRule
from bot.ports import Clock, Polled, Sample
from bot.refs import Instant
from bot.world.story import Story, ToldAlert, ToldService
from bot.world.traffic import SCRAPE, Traffic

NEVER = "0001-01-01T00:00:00Z"


@dataclass(slots=True)
class Instance:
    """One alert for one service: pending from `active`, firing from `fired`."""

    rule: ToldAlert
    service: ToldService
    labels: Mapping[str, str]
    active: Instant | None = None
    fired: Instant | None = None
    resolved: Instant | None = None
    sent: Instant | None = None
    """When Alertmanager last told of it."""

    def annotations(self) -> dict[str, str]:
        return {name: _filled(text, self.service) for name, text in self.rule.annotations.items()}


@dataclass(slots=True)
class Manners:
    """How Alertmanager tells: after `wait`, and again every `repeat` seconds."""

    wait: float = 30.0
    repeat: float = 4 * 3600.0


class WorldMetrics:
    """Prometheus and Alertmanager of the world. `down` makes every question Unavailable."""

    def __init__(self, story: Story, traffic: Traffic, clock: Clock) -> None:
        self.traffic, self.clock = traffic, clock
        self.manners = Manners()
        self.down = False
        self.instances = [_instance(rule, service) for rule in story.alerts for service in story.services if service.key in rule.services]

    def tick(self) -> Iterator[bytes]:
        """Evaluate every rule once and yield the payloads that Alertmanager sends now."""
        now = self.clock.now()
        for instance in self.instances:
            self._evaluate(instance, now)
            if (payload := self._told(instance, now)) is not None:
                yield payload

    def firing(self, name: str, labels: Mapping[str, str]) -> bool | None:
        found = self._matching(name, labels)
        return any(instance.active is not None for instance in found) if found else None

    def pending_since(self, name: str, labels: Mapping[str, str]) -> Instant | None:
        since = [instance.active for instance in self._matching(name, labels) if instance.active is not None]
        return min(since, default=None)

    def range_window(self, name: str) -> float | None:
        return max((i.rule.window + i.rule.hold for i in self._matching(name, {})), default=None)

    def knowing(self, rules: Sequence[QueryRule]) -> WorldMetrics:
        return self

    def polled(self, rule: QueryRule) -> Polled | None:
        """The world's Prometheus has alerting rules and answers no other query."""
        return None

    def samples(self, name: str, labels: Mapping[str, str], start: Instant, end: Instant) -> Sequence[Sample]:
        found = []
        for instance in self._matching(name, labels):
            at = start
            while at <= min(end, self.clock.now()):
                share = self.traffic.over(instance.service.key, at, instance.rule.window)
                found.append(Sample(instance.labels, at, share))
                at += SCRAPE
        return found

    def _matching(self, name: str, labels: Mapping[str, str]) -> list[Instance]:
        if self.down:
            raise Unavailable("Prometheus does not answer")
        return [i for i in self.instances if i.rule.name == name and {**i.labels, **labels} == i.labels]

    def _evaluate(self, instance: Instance, now: Instant) -> None:
        rule = instance.rule
        if self.traffic.over(instance.service.key, now, rule.window) <= rule.threshold:
            if instance.fired is not None:
                instance.resolved = now
            instance.active = None
        else:
            if instance.active is None:
                instance.active = now
            if (instance.fired is None or instance.resolved is not None) and now - instance.active >= rule.hold:
                instance.fired, instance.resolved, instance.sent = now, None, None

    def _told(self, instance: Instance, now: Instant) -> bytes | None:
        """What Alertmanager sends of an alert now, and remember that it did. One that came and went unsaid stays unsaid."""
        if instance.fired is None:
            return None
        if instance.resolved is not None:
            payload = payload_of(instance) if instance.sent is not None else None
            instance.fired = instance.resolved = instance.sent = None
            return payload
        due = instance.fired + self.manners.wait if instance.sent is None else instance.sent + self.manners.repeat
        if now < due:
            return None
        instance.sent = now
        return payload_of(instance)


def payload_of(instance: Instance) -> bytes:
    """One alert as Alertmanager's webhook sends it, version 4."""
    status = "firing" if instance.resolved is None else "resolved"
    labels, name = dict(instance.labels), instance.rule.name
    common = "\0".join(f"{key}\0{value}" for key, value in sorted(labels.items()))
    alert = {
        "status": status,
        "labels": labels,
        "annotations": instance.annotations(),
        "startsAt": _written(instance.fired),
        "endsAt": _written(instance.resolved),
        "generatorURL": "http://prometheus.shop.example/graph",
        "fingerprint": hashlib.sha256(common.encode()).hexdigest()[:16],
    }
    return json.dumps(
        {
            "version": "4",
            "groupKey": f'{{}}:{{alertname="{name}", service="{instance.service.name}"}}',
            "truncatedAlerts": 0,
            "status": status,
            "receiver": "rollbot",
            "groupLabels": {"alertname": name},
            "commonLabels": labels,
            "commonAnnotations": instance.annotations(),
            "externalURL": "http://alertmanager.shop.example",
            "alerts": [alert],
        }
    ).encode()


def _instance(rule: ToldAlert, service: ToldService) -> Instance:
    labels = {"alertname": rule.name, **{name: _filled(text, service) for name, text in rule.labels.items()}}
    return Instance(rule, service, labels)


def _filled(text: str, service: ToldService) -> str:
    return text.replace("{service}", service.name).replace("{environment}", service.environment)


def _written(time: Instant | None) -> str:
    return NEVER if time is None else datetime.fromtimestamp(time, UTC).isoformat().replace("+00:00", "Z")
