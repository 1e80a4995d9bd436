"""RootCauseBench's scenarios (blame/rootcausebench) → the same evidence → the deploy to blame, or none; no language model.

The solver opens alert, deploys, commits, flags, status feed, logs, metrics and traces up to the alert; only `_right` opens
ground_truth.json, and nothing opens patterns.json. Deploys of one service, version and time are one release.
"""

from __future__ import annotations

import csv
import json
import re
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from blame_cases import BLAME

from bot.attribution.bayes import posterior
from bot.attribution.evidence import Alert, Candidate, ChangeEvent, Edge, Evidence, Kind, LogLine, Series, Touched
from bot.attribution.fitted import SHIPPED
from bot.attribution.kinds import kind_of
from bot.attribution.posterior import Posterior

SEVERE = {"WARN", "ERROR", "FATAL", "CRITICAL"}


@dataclass(frozen=True, slots=True)
class Release:
    """`carries`: the commits since the service's last deploy that touch its folder, and the deployed ones."""

    candidate: Candidate
    deployed: frozenset[str]
    carries: frozenset[str]


def run() -> dict[str, int]:
    """Solve every scenario, print the answers, return how many are right and how many decoys were blamed."""
    folders = sorted(path for path in (BLAME / "rootcausebench").glob("*") if (path / "alert.json").is_file())
    tally = {"right": 0, "decoys": 0, "abstained": 0, "of": len(folders)}
    for folder in folders:
        releases = _releases(folder)
        found = posterior(_evidence(folder, releases), SHIPPED)
        blamed = _blamed(found, releases)
        right, decoy = _right(folder, blamed)
        tally["right"] += right
        tally["decoys"] += decoy
        tally["abstained"] += not found.enough
        sure = max((found.of(release.candidate.key) for release in releases), default=0.0)
        print(f"  {'right' if right else 'decoy' if decoy else 'wrong':6} {folder.name:40} first release {sure:.2f} none {found.none:.2f}")
    print()
    return tally


def _blamed(found: Posterior, releases: list[Release]) -> Release | None:
    """The likeliest release, unless no release at all is likelier."""
    best = max(releases, key=lambda release: found.of(release.candidate.key), default=None)
    return best if best is not None and found.enough and found.of(best.candidate.key) > found.none else None


def _right(folder: Path, blamed: Release | None) -> tuple[bool, bool]:
    truth = _json(folder / "ground_truth.json")
    root = truth["root_cause_commit"]
    if blamed is None:
        return root == "none", False
    right = root in blamed.carries
    return right, not right and bool(blamed.deployed & set(truth["decoy_deploy_commits"]))


def _evidence(folder: Path, releases: list[Release]) -> Evidence:
    alert = _json(folder / "alert.json")
    fired = _time(alert["fired_at"])
    series = _series(folder, fired)
    own = next((one for one in series if (one.service, one.metric) == (alert["service"], alert["metric"])), None)
    said = Alert(
        alert["service"], alert["metric"], fired, _breach(own, alert, fired), kind=kind_of(alert["metric"]), text=alert.get("summary", "")
    )
    return Evidence(
        said,
        tuple(release.candidate for release in releases if release.candidate.released_at <= fired),
        series,
        _edges(folder),
        logs=_logs(folder, fired),
        events=_events(folder, fired),
    )


def _breach(series: Series | None, alert: dict[str, Any], fired: float) -> float:
    """When the alert's own metric last began to be beyond its threshold."""
    first = fired
    above = alert["observed"] > alert["threshold"]
    for when, value in reversed(list(zip(series.times, series.values, strict=True))) if series else ():
        if (value > alert["threshold"]) != above:
            break
        first = when
    return first


def _releases(folder: Path) -> list[Release]:
    commits = {commit["sha"]: commit for commit in _json(folder / "context" / "commits.json")}
    grouped: dict[tuple[float, str, str], set[str]] = defaultdict(set)
    for deploy in _json(folder / "context" / "deploys.json"):
        grouped[_time(deploy["timestamp"]), deploy["service"], deploy.get("version", "")].add(deploy["commit_sha"])
    last: dict[str, float] = {}
    found = []
    for (when, service, _), shas in sorted(grouped.items()):
        since = last.get(service, 0.0)
        more = {sha for sha, one in commits.items() if since < _time(one["timestamp"]) <= when and _touches(service, one["files_changed"])}
        carried = [commits[sha] for sha in sorted(shas | more) if sha in commits]
        touched = Touched(
            tuple(path for one in carried for path in one["files_changed"]),
            "\n".join(one.get("diff") or "" for one in carried),
            "\n".join(one["message"] for one in carried),
        )
        found.append(Release(Candidate(min(shas), service, when, touched=touched), frozenset(shas), frozenset(shas | more)))
        last[service] = when
    return found


def _touches(service: str, paths: list[str]) -> bool:
    """Return whether a path has a folder of the service's name, with or without `service`, `svc` at its end."""
    short = re.sub(r"[-_]?(service|svc)$", "", service)
    return any({service, short} & set(path.split("/")[:-1]) for path in paths)


def _series(folder: Path, fired: float) -> tuple[Series, ...]:
    found: dict[tuple[str, str], list[tuple[float, float]]] = defaultdict(list)
    with (folder / "metrics.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if (when := _time(row["timestamp"])) <= fired:
                found[row["service"], row["metric"]].append((when, float(row["value"] or "nan")))
    return tuple(
        Series(
            service,
            metric,
            kind_of(metric) or Kind.RESOURCE,
            tuple(when for when, _ in samples),
            tuple(value for _, value in samples),
            counter=metric.endswith("_total"),
        )
        for (service, metric), samples in found.items()
    )


def _edges(folder: Path) -> tuple[Edge, ...]:
    spans = _json(folder / "traces.json")
    services = {span["span_id"]: span["service"] for span in spans}
    pairs = {(services[span["parent_id"]], span["service"]) for span in spans if span.get("parent_id") in services}
    return tuple(Edge(caller, callee) for caller, callee in sorted(pairs) if caller != callee)


def _logs(folder: Path, fired: float) -> tuple[LogLine, ...]:
    found = []
    for line in (folder / "logs.ndjson").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        rest = " ".join(
            f"{key}={value}" for key, value in row.items() if key not in {"timestamp", "service", "severity_text", "msg", "trace_id"}
        )
        if (when := _time(row["timestamp"])) <= fired:
            found.append(LogLine(when, row["service"], f"{row['msg']} {rest}", row["severity_text"] in SEVERE, row.get("trace_id", "")))
    return tuple(found)


def _events(folder: Path, fired: float) -> tuple[ChangeEvent, ...]:
    flags = _json(folder / "context" / "flags.json")
    found = [ChangeEvent(_time(flag["timestamp"]), flag["service"], f"flag {flag['flag']} {flag['change']}") for flag in flags]
    return tuple(event for event in found if event.time <= fired)


def _json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def _time(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


if __name__ == "__main__":
    print("RESULT", json.dumps(run()))
