"""Whose a pin and a file are: the services of a repository at one revision."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from bot.manifests.pin import Pin
from bot.refs import ServiceRef


@dataclass(frozen=True, slots=True)
class Service:
    """One service in one environment.

    `files`: those that hold its pins and those in its folder that no other service owns. `shared`: those of `files` that
    other services or environments use too. `primary` is the pin whose value names its version (image before chart before
    ref; `.rollbot.yaml` overrides), None where it has no pins. `aliases`: other names it goes by in alerts and selectors
    (kind/name of its workloads, Application, HelmRelease, container and image names).
    """

    ref: ServiceRef
    pins: tuple[Pin, ...]
    files: tuple[str, ...]
    shared: tuple[str, ...] = ()
    primary: Pin | None = None
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Estate:
    """All services of a repository at one revision; `owners` maps a file to those that own it."""

    services: tuple[Service, ...]
    owners: Mapping[str, tuple[ServiceRef, ...]]

    def get(self, ref: ServiceRef) -> Service | None:
        return next((service for service in self.services if service.ref == ref), None)

    def named(self, name: str, environment: str | None = None) -> tuple[Service, ...]:
        """Return the services that go by `name` exactly; by alias only where no service has it as its name.

        `environment` may also name a cluster: `prod-eu1` tells the clusters of `prod` apart.
        """
        here = [s for s in self.services if environment in (None, s.ref.environment, s.ref.cluster)]
        return tuple(s for s in here if s.ref.name == name) or tuple(s for s in here if name in s.aliases)

    def like(self, name: str) -> tuple[ServiceRef, ...]:
        """Return the services whose names, or what they go by, are nearest to one that there is not; in every environment, at most ten."""
        known = sorted({alias for service in self.services for alias in (service.ref.name, *service.aliases)})
        near = get_close_matches(name, known, 5, 0.5)
        found = {service.ref: None for word in near for service in self.services if word in (service.ref.name, *service.aliases)}
        return tuple(found)[:10]
