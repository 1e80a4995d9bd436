"""The benchmark's telemetry (ROLLBOT_SHARED/blame) → OpenMetrics for a real Prometheus, and the same as values."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import yaml

from bot.incidents.rules import QueryRule
from bot.ports import Polled, Sample
from bot.refs import Instant
from bot.signals.remembered import Episode
from bot.world.origin import Origin
from bot.world.story import ToldCommit
from tests import past

SHARED = Path(os.environ.get("ROLLBOT_SHARED", Path(__file__).parents[3] / "shared")) / "blame"


def stored(case_id: str, metric: str) -> str:
    """The name of a benchmark's metric in Prometheus."""
    return f"bench_{case_id}_{metric}"


KINDS = {
    "lat": "latency",
    "clat": "latency",
    "lat_in": "latency",
    "err": "errors",
    "avail": "availability",
    "ops": "traffic",
    "req": "traffic",
}
DAY = 86400.0


@dataclass(frozen=True)
class Telemetry:
    """What a solver may see of a case: `values[service, metric]` at `times`, up to when the alert fired."""

    case: dict
    meta: dict
    times: np.ndarray
    values: np.ndarray

    def points(self, service: str, metric: str) -> list[tuple[float, float]]:
        """Samples that are there, oldest first."""
        line = self.values[self.meta["services"].index(service), self.meta["metrics"].index(metric)]
        return [(float(at), float(value)) for at, value in zip(self.times, line, strict=True) if not np.isnan(value)]

    def openmetrics(self) -> str:
        lines = []
        for metric in self.meta["metrics"]:
            name = stored(self.case["case_id"], metric)
            lines.append(f"# TYPE {name} gauge")
            for service in self.meta["services"]:
                lines += [f'{name}{{service="{service}"}} {value!r} {at:.3f}' for at, value in self.points(service, metric)]
        return "\n".join(lines) + "\n"

    @property
    def episode(self) -> Episode:
        """Its alert, which fires until long after."""
        alert = self.case["alert"]
        labels = {"alertname": alert["metric"], "service": alert["service"], "environment": "prod", "severity": "critical"}
        fired = float(alert["fired_at"])
        return Episode(labels, min(float(alert["first_breach_at"]), fired), fired, None)

    def configuration(self) -> bytes:
        """What a team would write to have it weighed: every metric, and who calls whom."""
        rules = [
            {"name": metric, "kind": KINDS.get(metric, "resource"), "expr": stored(self.case["case_id"], metric), "label": "service"}
            for metric in self.meta["metrics"]
        ]
        calls: dict[str, list[str]] = {}
        for caller, callee in self.meta["calls"]:
            calls.setdefault(caller, []).append(callee)
        told = {"version": "1", "alerts": {"act_by_default": True}, "series": rules, "dependencies": calls}
        return yaml.safe_dump(told).encode()

    def origin(self, folder: Path) -> Origin:
        """A repository in which its releases are commits."""
        began = min(self.times) - 30 * DAY
        files: dict[str, str | None] = {}
        for service in self.meta["services"]:
            files[past.path(service)] = past.KUSTOMIZATION.format(service=service, tag="1.0.0")
            files[f"apps/{service}/base/deployment.yaml"] = past.DEPLOYMENT.format(service=service)
            files[f"apps/{service}/base/kustomization.yaml"] = past.BASE
        commits = [ToldCommit(float(began), past.ADA, "Bring it under Git\n", files)]
        for number, release in enumerate(sorted(self.case["releases"], key=lambda each: each["released_at"]), 1):
            name = release["service"]
            changed = {past.path(name): past.KUSTOMIZATION.format(service=name, tag=f"1.{number}.0")}
            commits.append(ToldCommit(release["released_at"], past.RENOVATE, f"Update {name} to 1.{number}.0\n", changed))
        made = Origin(folder, "main")
        made.tell(commits)
        return made


@dataclass(frozen=True)
class Arrays:
    """Port Metrics over the arrays, without any server."""

    told: Telemetry
    rules: Mapping[str, str] = field(default_factory=dict)

    def firing(self, name: str, labels: Mapping[str, str]) -> bool | None:
        return None

    def pending_since(self, name: str, labels: Mapping[str, str]) -> Instant | None:
        return None

    def range_window(self, name: str) -> float | None:
        return None

    def knowing(self, rules: Sequence[QueryRule]) -> "Arrays":
        return Arrays(self.told, {rule.name: rule.expr for rule in rules})

    def polled(self, rule: QueryRule) -> Polled | None:
        return None

    def samples(self, name: str, labels: Mapping[str, str], start: Instant, end: Instant) -> Sequence[Sample]:
        names = {stored(self.told.case["case_id"], metric): metric for metric in self.told.meta["metrics"]}
        metric = names.get(self.rules.get(name, ""))
        return tuple(
            Sample({"service": service}, at, value)
            for service in (self.told.meta["services"] if metric else ())
            for at, value in self.told.points(service, metric)
            if start <= at <= end
        )


def cases(most: int) -> list[Telemetry]:
    """The first cases of each of the data sets. Skips where the data are not there."""
    if not (SHARED / "cases.jsonl").exists():
        pytest.skip(f"needs the benchmark's data in {SHARED}, which ROLLBOT_SHARED names the folder of")
    told = [json.loads(line) for line in (SHARED / "cases.jsonl").read_text().splitlines()]
    return [each for name in sorted({case["dataset"] for case in told}) for each in _of(name, told, most)]


def _of(dataset: str, told: list[dict], most: int) -> list[Telemetry]:
    metas = json.loads((SHARED / f"telemetry-{dataset}.meta.json").read_text())
    found = []
    with np.load(SHARED / f"telemetry-{dataset}.npz") as arrays:
        for case in [case for case in told if case["dataset"] == dataset][:most]:
            times, values = arrays[f"{case['series_id']}|t"], arrays[f"{case['series_id']}|X"]
            seen = times <= case["alert"]["fired_at"]
            meta = metas[case["series_id"]]
            calls = [edge for edge in metas["_edges"][meta["edges"]] if edge[0] != edge[1]]
            found.append(Telemetry(case, {**meta, "calls": calls}, times[seen], values[:, :, seen]))
    return found
