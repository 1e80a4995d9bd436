"""The blame folder (ROLLBOT_SHARED, default ../shared) → cases as the posterior sees them, and their labels as only a judge does.

Samples after the alert fired are cut off here: no waiting time is used.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bot.attribution.evidence import Alert, Candidate, Edge, Evidence, Kind, Series

SHARED = Path(os.environ.get("ROLLBOT_SHARED", Path(__file__).resolve().parents[2] / "shared"))
BLAME = SHARED / "blame"

KINDS = {
    **dict.fromkeys(("lat", "lat_in", "lat_p95", "lat_p99", "t_p95"), Kind.LATENCY),
    **dict.fromkeys(("err", "l_err"), Kind.ERRORS),
    **dict.fromkeys(("cpu", "mem"), Kind.RESOURCE),
    "clat": Kind.CALLS,
    "avail": Kind.AVAILABILITY,
}
"""What the folder's metrics measure; all others are traffic."""


@dataclass(frozen=True, slots=True)
class Label:
    """`culprit`: the release to blame, None: none of them. `began`: when the fault was injected."""

    kind: str
    culprit: str | None
    service: str | None
    fault: str
    began: float | None


@dataclass(frozen=True, slots=True)
class Case:
    """`fault` groups the cases made from the same telemetry."""

    key: str
    system: str
    fault: str
    decoys: str
    evidence: Evidence
    label: Label


def load(folder: Path = BLAME) -> list[Case]:
    """Load every case, with its label."""
    labels = {row["case_id"]: row for row in _lines(folder / "labels.jsonl")}
    return [_case(row, labels[row["case_id"]], folder) for row in _lines(folder / "cases.jsonl")]


def _lines(path: Path) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        return [json.loads(line) for line in file if line.strip()]


def _case(row: dict[str, Any], label: dict[str, Any], folder: Path) -> Case:
    alert = row["alert"]
    fired = float(alert["fired_at"])
    evidence = Evidence(
        Alert(alert["service"], alert["metric"], fired, float(alert["first_breach_at"]), alert["user_report"], KINDS.get(alert["metric"])),
        tuple(Candidate(release["id"], release["service"], float(release["released_at"])) for release in row["releases"]),
        _series(folder, row["dataset"], row["series_id"], fired),
        _edges(folder, row["dataset"], row["series_id"]),
    )
    found = Label(label["kind"], label["label"], label["fault_service"], label["fault_type"], label["fault_started_at"])
    return Case(row["case_id"], row["dataset"], row["series_id"], row["decoys"], evidence, found)


@cache
def _arrays(folder: Path, dataset: str) -> dict[str, NDArray[Any]]:
    with np.load(folder / f"telemetry-{dataset}.npz") as stored:
        return dict(stored.items())


@cache
def _meta(folder: Path, dataset: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / f"telemetry-{dataset}.meta.json").read_text(encoding="utf-8"))
    return found


@cache
def _edges(folder: Path, dataset: str, series: str) -> tuple[Edge, ...]:
    meta = _meta(folder, dataset)
    return tuple(Edge(caller, callee) for caller, callee in meta["_edges"][meta[series]["edges"]])


@cache
def _series(folder: Path, dataset: str, series: str, fired: float) -> tuple[Series, ...]:
    arrays, meta = _arrays(folder, dataset), _meta(folder, dataset)[series]
    found: list[Series] = []
    for prefix, metrics in (("", meta["metrics"]), ("hi_", meta.get("hi_metrics", ()))):
        if f"{series}|{prefix}t" not in arrays:
            continue
        times, values = arrays[f"{series}|{prefix}t"], arrays[f"{series}|{prefix}X"].astype(np.float64)
        seen = times <= fired
        shared = tuple(times[seen].astype(np.float64).tolist())
        for row, service in enumerate(meta["services"]):
            for column, metric in enumerate(metrics):
                measured = tuple(values[row, column, seen].tolist())
                found.append(Series(service, metric, KINDS.get(metric, Kind.TRAFFIC), shared, measured))
    return tuple(found)
