"""What runs, and how it does: clusters, metrics, alerts, logs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from bot.incidents.rules import QueryRule
from bot.manifests.estate import Service
from bot.outcomes.job import JobRun
from bot.refs import Instant, ServiceRef, Sha


@dataclass(frozen=True, slots=True)
class Sync:
    """What one place says of a service: the commit it applied, since when, and whether it is healthy (None: cannot tell).

    `revision` is a commit of the manifests repository, None where the place names none. `earlier`: what else it applied (before, or
    later and not well), newest first, each with when that was done, as far back as it remembers. `begun`: what it began to apply,
    with when, finished or not: its objects may have run from then on. `where` names the place: `Application argocd/checkout`.
    `by_hand`: the command that a person has to run because nothing there syncs by itself. `healed`: how the place itself went back
    to something else than its revision asks for, "" where it did not. `others`: further places that run the same service.
    """

    revision: Sha | None
    since: Instant | None
    healthy: bool | None
    message: str = ""
    earlier: tuple[tuple[Sha, Instant], ...] = ()
    begun: tuple[tuple[Sha, Instant], ...] = ()
    where: str = ""
    by_hand: str = ""
    healed: str = ""
    others: tuple[Sync, ...] = ()

    @property
    def places(self) -> tuple[Sync, ...]:
        return (self, *self.others)


class Cluster(Protocol):
    def sync(self, service: Service) -> Sync | None:
        """None where nobody can tell (no cluster configured); a Sync without revision where those that are asked do not know it."""
        ...

    def hasten(self, service: Service, commit: Sha, stuck: Instant | None = None) -> tuple[str, ...]:
        """Ask whatever delivers the service to look at Git now rather than later, and say what was asked; may run again and again.

        An operation that holds another revision, without `commit`, and began before `stuck` is ended; None: never.
        """
        ...

    def job(self, service: Service, name: str) -> JobRun | None:
        """How a Job of that name, run by what delivers the service, is getting on; None where nobody can tell."""
        ...


@dataclass(frozen=True, slots=True)
class Sample:
    """One series at one time; `value` may be NaN."""

    labels: Mapping[str, str]
    at: Instant
    value: float


@dataclass(frozen=True, slots=True)
class Polled:
    """The labels of the series that a rule fires for now, and of all that it measures, whether they are over its threshold or not."""

    firing: tuple[Mapping[str, str], ...] = ()
    measured: tuple[Mapping[str, str], ...] = ()


class Metrics(Protocol):
    """Prometheus' view of an alert. Queries come from configuration or the server's own rules, never from strangers' text."""

    def firing(self, name: str, labels: Mapping[str, str]) -> bool | None:
        """Whether an alert instance with that name and these labels is firing or pending now; None where it cannot be told."""
        ...

    def pending_since(self, name: str, labels: Mapping[str, str]) -> Instant | None:
        """When the alert became active (before its `for:`), None where it cannot be told."""
        ...

    def range_window(self, name: str) -> float | None:
        """The longest range window in the alert's expression plus its `for:`, in seconds; None where it cannot be told."""
        ...

    def samples(self, name: str, labels: Mapping[str, str], start: Instant, end: Instant) -> Sequence[Sample]:
        """The alert's own expression without its threshold comparison, over time; empty where there are none."""
        ...

    def knowing(self, rules: Sequence[QueryRule]) -> Metrics:
        """The same metrics, which also answer for these rules of the configuration, by their names."""
        ...

    def polled(self, rule: QueryRule) -> Polled | None:
        """Evaluate a rule of the configuration now; None where there is nobody to ask."""
        ...


class Alerts(Protocol):
    """Alertmanager's own view of its alerts."""

    def muted(self, fingerprint: str) -> str | None:
        """Why an alert is silenced or inhibited now; None where it is not, or is not there."""
        ...

    def firing(self) -> Sequence[bytes]:
        """All alerts that fire and are not kept quiet, as bodies of its webhook: for what a delivery left out."""
        ...


class Logs(Protocol):
    def errors(self, query: str, service: ServiceRef, start: Instant, end: Instant) -> Sequence[Sample]:
        """How a metric of log lines went. `query` is of the configuration; `$service` and `$environment` in it are filled in."""
        ...
