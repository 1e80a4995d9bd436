"""What `.rollbot.yaml` may say about alerts: which may act, and whose they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.signals.generic import JsonRule


@dataclass(frozen=True, slots=True)
class AlertRule:
    """An alert whose labels all match (exact text, or a glob with `*`) belongs to `service` in `environment`.

    `service` and `environment` may refer to labels as `{label}`; None leaves that part to the defaults. `act` lets it change Git (F10).
    """

    match: Mapping[str, str]
    service: str | None = None
    environment: str | None = None
    act: bool | None = None


@dataclass(frozen=True, slots=True)
class QueryRule:
    """A rule of ours that Prometheus is asked by: every series that `expr` answers for `after` seconds is an alert with `labels` on top."""

    name: str
    expr: str
    after: float = 0.0
    labels: Mapping[str, str] = field(default_factory=dict)
    summary: str = ""


@dataclass(frozen=True, slots=True)
class AlertRules:
    """`service_labels` are tried in order; labels whose value names a scraper (`ignore_values`) are skipped.

    `acting_severities`: an alert of another severity never acts (F20: warnings never do).
    """

    rules: tuple[AlertRule, ...] = ()
    service_labels: tuple[str, ...] = (
        "service",
        "app",
        "app_kubernetes_io_name",
        "deployment",
        "statefulset",
        "daemonset",
        "argocd_app",
        "helm_release",
        "rollout",
        "canary",
        "kustomization",
        "job",
        "container",
        "pod",
        "namespace",
    )
    environment_labels: tuple[str, ...] = ("environment", "env", "stage", "cluster", "namespace")
    ignore_values: tuple[str, ...] = (
        "kube-state-metrics",
        "node-exporter",
        "blackbox",
        "blackbox-exporter",
        "cadvisor",
        "kubelet",
        "prometheus",
        "pushgateway",
        "apiserver",
    )
    acting_severities: tuple[str, ...] = ("critical", "page", "error", "high", "p1", "p2", "")
    act_by_default: bool = False
    environments: Mapping[str, str] = field(default_factory=dict)
    mappings: tuple[JsonRule, ...] = ()
    queries: tuple[QueryRule, ...] = ()
    storm_services: int = 5
    """So many services of an environment, red within `storm_within` seconds of each other, are the platform's trouble; 0: never."""
    storm_within: float = 300.0
    sources: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The environments (globs) that a source may speak of; one that is not named may speak of all (F9)."""
