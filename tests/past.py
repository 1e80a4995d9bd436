"""A made-up past: a repository with weeks of releases, bad ones among them, what people did about it, and what Prometheus remembers."""

from __future__ import annotations

import json
import random
import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from bot.world.origin import Origin
from bot.world.story import ToldCommit

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
STEP = 15.0
RATIO = "shop_errors_ratio"
CONFIG = f"""\
version: "1"
alerts: {{act_by_default: true}}
series: [{{name: errors, kind: errors, expr: {RATIO}, label: service}}]
"""
"""What a team would write so that suspects are weighed by its own measure."""
RULE = {"type": "alerting", "name": "HighErrorRate", "query": f"{RATIO} > 0.05", "duration": 300, "health": "ok"}
SERVICES = ("frontend", "checkout", "payments", "catalogue", "search", "shipping")
RENOVATE = "renovate[bot] <29139614+renovate[bot]@users.noreply.github.com>"
ADA = "Ada Byron <ada@shop.example>"
KUSTOMIZATION = """\
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
namespace: shop-prod
resources:
  - ../../base
images:
  - name: ghcr.io/shop/{service}
    newTag: "{tag}"  # bumped by bots
"""
DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {service}
spec:
  template:
    spec:
      containers:
        - name: {service}
          image: ghcr.io/shop/{service}
"""
BASE = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n  - deployment.yaml\n"


def path(service: str) -> str:
    return f"apps/{service}/overlays/prod/kustomization.yaml"


@dataclass(frozen=True)
class Fired:
    """An alert's episode as the world knows it."""

    service: str
    pending: float
    fired: float
    ended: float
    severity: str = "critical"

    @property
    def labels(self) -> dict[str, str]:
        names = {"alertname": "HighErrorRate", "service": self.service, "environment": "prod"}
        return {**names, "severity": self.severity}

    @property
    def times(self) -> tuple[float, ...]:
        return tuple(self.fired + STEP * count for count in range(int((self.ended - self.fired) / STEP)))


@dataclass
class Past:
    """What was: `expected` maps the service and the time of an alert to what people would say of it."""

    since: float
    until: float
    commits: list[ToldCommit] = field(default_factory=list)
    fired: list[Fired] = field(default_factory=list)
    expected: dict[tuple[str, float], str] = field(default_factory=dict)
    runs: dict[str, list[str]] = field(default_factory=dict)
    ratios: dict[tuple[str, int], list[tuple[float, float]]] = field(default_factory=dict)

    def origin(self, folder: Path) -> Origin:
        made = Origin(folder, "main")
        made.tell(sorted(self.commits, key=lambda each: each.at))
        return made

    def openmetrics(self) -> str:
        """`ALERTS` and `ALERTS_FOR_STATE` as promtool takes them: https://prometheus.io/docs/prometheus/latest/storage/#backfilling-from-openmetrics-format."""
        lines = ["# TYPE ALERTS gauge"]
        lines += [f"ALERTS{_written({**one.labels, 'alertstate': 'firing'})} 1 {at:.3f}" for one in self._by_labels() for at in one.times]
        lines.append("# TYPE ALERTS_FOR_STATE gauge")
        lines += [f"ALERTS_FOR_STATE{_written(one.labels)} {one.pending:.0f} {at:.3f}" for one in self._by_labels() for at in one.times]
        lines.append(f"# TYPE {RATIO} gauge")
        lines += [f"{RATIO}{_written(_whose(name))} {value:.6f} {at:.3f}" for name in SERVICES for at, value in self.ratio(name)]
        return "\n".join([*lines, "# EOF", ""])

    def ratio(self, service: str) -> list[tuple[float, float]]:
        """The share of a service's requests that failed, around every alert of whatever service: a minute apart."""
        if (service, len(self.fired)) in self.ratios:
            return self.ratios[service, len(self.fired)]
        dice, points = random.Random(service), dict[float, float]()
        mine = [one for one in self.fired if one.service == service]
        for one in sorted(self.fired, key=lambda each: each.fired):
            start = one.fired - 2 * HOUR - one.fired % MINUTE
            for at in (start + MINUTE * count for count in range(int((one.ended - start) / MINUTE) + 10)):
                ill = any(each.pending <= at < each.ended for each in mine)
                points.setdefault(at, dice.uniform(0.2, 0.4) if ill else dice.uniform(0.0, 0.004))
        return self.ratios.setdefault((service, len(self.fired)), sorted(points.items()))

    def _by_labels(self) -> list[Fired]:
        return sorted(self.fired, key=lambda one: (sorted(one.labels.items()), one.fired))

    # What happens

    def begin(self, at: float) -> None:
        files: dict[str, str | None] = {}
        for service in SERVICES:
            self.runs[service] = ["1.0.0"]
            files[path(service)] = KUSTOMIZATION.format(service=service, tag="1.0.0")
            files[f"apps/{service}/base/deployment.yaml"] = DEPLOYMENT.format(service=service)
            files[f"apps/{service}/base/kustomization.yaml"] = BASE
        self.commits.append(ToldCommit(at, ADA, "Bring the shop under Git\n", files))

    def release(self, service: str, at: float, author: str = RENOVATE) -> None:
        """The next version of a service goes out."""
        major, minor, _ = self.runs[service][-1].split(".")
        taken = set(self.runs[service])
        tag = next(f"{major}.{n}.0" for n in range(int(minor) + 1, 10_000) if f"{major}.{n}.0" not in taken)
        self._set(service, tag, at, f"chore(deps): update {service} to {tag} (#{len(self.commits) + 100})\n", author)

    def roll_back(self, service: str, at: float) -> None:
        """A person sets the version back to the one before."""
        self._set(service, self.runs[service][-2], at, f"{service} back to {self.runs[service][-2]}\n", ADA)

    def alert(self, service: str, fired: float, ended: float, expected: str, held: float = 5 * MINUTE, severity: str = "critical") -> None:
        fired, ended = round(fired), round(ended)
        self.fired.append(Fired(service, fired - held, fired, ended, severity))
        self.expected[service, fired] = expected

    def _set(self, service: str, tag: str, at: float, message: str, author: str) -> None:
        self.runs[service].append(tag)
        self.commits.append(ToldCommit(at, author, message, {path(service): KUSTOMIZATION.format(service=service, tag=tag)}))


def generated(since: float, days: int = 30, seed: int = 7) -> Past:
    """So many days of releases, each service on its own clock; of every ten releases two are bad, and now and then something else fails.

    Expected: `right` (a bad release that people took back), `forward` (they fixed it by another release), `wrong` (an outage of something
    else soon after a release), `none` (an outage with no release for days).
    """
    dice = random.Random(seed)
    past = Past(since, since + days * DAY)
    past.begin(since - 20 * DAY)
    for service in SERVICES:
        past.release(service, since - dice.uniform(8, 15) * DAY)
        at = since + dice.uniform(0.2, 2) * DAY
        while at < past.until - DAY:
            past.release(service, at)
            at += _what_follows(past, service, at, dice)
    return past


def _what_follows(past: Past, service: str, at: float, dice: random.Random) -> float:
    """What a release led to, and how long until the next one."""
    fired, roll = at + dice.uniform(6, 20) * MINUTE, dice.random()
    if roll < 0.25:
        back = fired + dice.uniform(12, 70) * MINUTE
        past.alert(service, fired, back + dice.uniform(3, 6) * MINUTE, "right")
        past.roll_back(service, back)
    elif roll < 0.32:
        fixed = fired + dice.uniform(40, 120) * MINUTE
        past.alert(service, fired, fixed + 4 * MINUTE, "forward")
        past.release(service, fixed, ADA)
    elif roll < 0.38:
        fired = at + dice.uniform(2, 9) * HOUR
        past.alert(service, fired, fired + dice.uniform(15, 40) * MINUTE, "wrong")
    elif roll < 0.44:
        fired = at + 7.5 * DAY
        if fired < past.until - HOUR:
            past.alert(service, fired, fired + dice.uniform(15, 40) * MINUTE, "none")
        return 8 * DAY
    return dice.uniform(1, 4) * DAY


def _whose(service: str) -> dict[str, str]:
    return {"service": service, "environment": "prod"}


def _written(labels: dict[str, str]) -> str:
    return "{" + ",".join(f'{name}="{text}"' for name, text in sorted(labels.items())) + "}"


@contextmanager
def remembering(past: Past, rules: Sequence[dict[str, Any]] = (RULE,)) -> Iterator[str]:
    """A stand-in for Prometheus that remembers these alerts; its URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            body = json.dumps({"status": "success", "data": _answer(past, parts.path, parse_qs(parts.query), rules)}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Keep test output clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _answer(past: Past, where: str, query: dict[str, list[str]], rules: Sequence[dict[str, Any]]) -> Any:
    if where.endswith("/rules"):
        return {"groups": [{"name": "all", "rules": [*rules] if query.get("type") == ["alert"] else []}]}
    if where.endswith("/alerts"):
        return {"alerts": []}
    found = re.fullmatch(r'(\w+)(\{alertstate="firing"\})?\[(\d+)s\]', query["query"][0])
    if found is None:
        return {"resultType": "matrix", "result": []}
    end = float(query["time"][0])
    series = [
        {"metric": {"__name__": found[1], **labels}, "values": points}
        for labels, told in _series(past, found[1])
        if (points := [[at, repr(value)] for at, value in told if end - float(found[3]) <= at <= end])
    ]
    return {"resultType": "matrix", "result": series}


def _series(past: Past, name: str) -> Iterator[tuple[dict[str, str], list[tuple[float, float]]]]:
    if name == RATIO:
        yield from ((_whose(service), past.ratio(service)) for service in SERVICES)
    by_labels: dict[str, list[Fired]] = {}
    for one in past._by_labels() if name.startswith("ALERTS") else ():
        by_labels.setdefault(one.service + one.severity, []).append(one)
    for same in by_labels.values():
        state = {"alertstate": "firing"} if name == "ALERTS" else {}
        points = [(at, 1.0 if state else one.pending) for one in same for at in one.times]
        yield {**same[0].labels, **state}, points
