"""The benchmark's telemetry (ROLLBOT_SHARED/blame) → OpenMetrics for a real Prometheus, and the same as values."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

SHARED = Path(os.environ.get("ROLLBOT_SHARED", Path(__file__).parents[3] / "shared")) / "blame"


def stored(case_id: str, metric: str) -> str:
    """The name of a benchmark's metric in Prometheus."""
    return f"bench_{case_id}_{metric}"


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
            found.append(Telemetry(case, metas[case["series_id"]], times[seen], values[:, :, seen]))
    return found
