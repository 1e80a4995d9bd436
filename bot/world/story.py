"""A YAML story → what a world starts from: a repository told commit by commit, its services, their alerts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from bot.errors import BadConfig
from bot.refs import Instant

_UNITS = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0}
SHOP = Path(__file__).parent / "shop.yaml"


@dataclass(frozen=True, slots=True)
class ToldCommit:
    """A commit to make: whole files (None deletes one), and texts replaced in the files as they stand."""

    at: Instant
    author: str
    message: str
    files: Mapping[str, str | None] = field(default_factory=dict)
    replace: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ToldService:
    """A service in one environment, as the cluster knows it.

    Its version is the first group of `pattern` in `path`. `bad` maps versions to the share of requests that they fail,
    `bad_lines` texts in that file to the same (a release may be bad by configuration alone); `calls` names services
    whose failures it passes on; `bad_beside` says which of its versions fails beside which of another: `2.0.0 catalogue/prod 0.32.0`.
    """

    name: str
    environment: str
    path: str
    pattern: re.Pattern[str]
    bad: Mapping[str, float]
    bad_lines: Mapping[str, float]
    calls: tuple[str, ...]
    bad_beside: Mapping[str, float] = field(default_factory=dict)

    @property
    def key(self) -> str:
        return f"{self.name}/{self.environment}"


@dataclass(frozen=True, slots=True)
class ToldAlert:
    """An alert rule over the share of failed requests; `{service}`, `{environment}` in labels and annotations are filled in."""

    name: str
    threshold: float
    window: float
    hold: float
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    services: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Story:
    """Where a world starts. `errors` is the share of requests that fail on a good day."""

    name: str
    start: Instant
    branch: str
    history: tuple[ToldCommit, ...]
    services: tuple[ToldService, ...]
    alerts: tuple[ToldAlert, ...]
    errors: float

    def service(self, name: str, environment: str) -> ToldService:
        found = next((s for s in self.services if s.name == name and s.environment == environment), None)
        if found is None:
            raise BadConfig(f"the world has no service {name}/{environment}", hint=", ".join(s.key for s in self.services))
        return found


def seconds(text: str | float) -> float:
    """`-3h10m`, `90s`, `2d` or a plain number of seconds → seconds."""
    if isinstance(text, int | float):
        return float(text)
    parts = re.findall(r"(\d+(?:\.\d+)?)([dhms])", text)
    if "".join(number + unit for number, unit in parts) != text.lstrip("-"):
        raise BadConfig(f"{text!r} is no time span", hint="write it like 3h10m")
    total = sum(float(number) * _UNITS[unit] for number, unit in parts)
    return -total if text.startswith("-") else total


def load(path: Path, changes: Mapping[str, Any] | None = None) -> Story:
    """Read a story; `changes` replaces top-level keys (a scenario tells only what differs)."""
    told = yaml.safe_load(path.read_text(encoding="utf-8"))
    return read({**told, **(changes or {})})


def read(told: Mapping[str, Any]) -> Story:
    start = datetime.fromisoformat(str(told["start"])).timestamp()
    services = tuple(_service(key, value) for key, value in told["services"].items())
    everyone = tuple(service.key for service in services)
    return Story(
        name=told["name"],
        start=start,
        branch=told.get("branch", "main"),
        history=tuple(commit(value, start) for value in told["history"]),
        services=services,
        alerts=tuple(_alert(name, value, everyone) for name, value in told["alerts"].items()),
        errors=float(told.get("errors", 0.002)),
    )


def commit(told: Mapping[str, Any], start: Instant) -> ToldCommit:
    """Read one commit; `at` is relative to `start`."""
    return ToldCommit(
        at=start + seconds(told.get("at", 0)),
        author=told["author"],
        message=told["message"].rstrip() + "\n",
        files=told.get("files", {}),
        replace=told.get("replace", {}),
    )


def _service(key: str, told: Mapping[str, Any]) -> ToldService:
    name, _, environment = key.partition("/")
    return ToldService(
        name=name,
        environment=environment,
        path=told["path"],
        pattern=re.compile(told["version"], re.MULTILINE),
        bad=told.get("bad", {}),
        bad_lines=told.get("bad_lines", {}),
        calls=tuple(told.get("calls", ())),
        bad_beside=told.get("bad_beside", {}),
    )


def _alert(name: str, told: Mapping[str, Any], everyone: tuple[str, ...]) -> ToldAlert:
    return ToldAlert(
        name=name,
        threshold=float(told.get("threshold", 0.05)),
        window=seconds(told.get("window", "5m")),
        hold=seconds(told.get("for", "1m")),
        labels=told.get("labels", {}),
        annotations=told.get("annotations", {}),
        services=tuple(told.get("services", everyone)),
    )
