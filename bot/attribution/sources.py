"""What `.rollbot.yaml` may say about where evidence comes from: who calls whom, and which series tell of services."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.attribution.evidence import Kind


@dataclass(frozen=True, slots=True)
class SeriesRule:
    """A query of the configuration that answers one series a service. `label` names the label that names the service.

    "" for `label`: those by which an alert's service is found. `counter`: the values only rise.
    """

    name: str
    kind: Kind
    expr: str
    label: str = ""
    counter: bool = False


@dataclass(frozen=True, slots=True)
class EvidenceRules:
    """`dependencies`: service → the services that it calls, of the same environment. `series`: what is measured of each service."""

    dependencies: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    series: tuple[SeriesRule, ...] = ()
