"""What `.rollbot.yaml` may say about pins, services and environments."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class PinRule:
    """Pins in files that no format knows: `files` (a glob, `**` allowed) and either `yaml_path` or `regex`.

    `regex` (Python syntax, MULTILINE) has a named group `version`; a group `artefact` may name what it belongs to.
    """

    name: str
    files: str
    yaml_path: str | None = None
    regex: str | None = None
    artefact: str = ""


@dataclass(frozen=True, slots=True)
class ServiceRule:
    """Names the service (and environment) of what matches: a path glob and, optionally, an artefact.

    `name` and `environment` may refer to groups of the glob's stars as `{1}`, `{2}`.
    `primary` is the yaml path of the pin that names the version.
    """

    files: str
    name: str | None = None
    environment: str | None = None
    artefact: str | None = None
    primary: str | None = None


@dataclass(frozen=True, slots=True)
class GroupRule:
    """What services declare to need of others, where their manifests do not say it themselves.

    `service` and `environment` are globs, `versions` bounds (`>=2.8`; "" every version); the others as in the annotations.
    """

    service: str
    environment: str = "*"
    versions: str = ""
    requires: str = ""
    rollback_with: str = ""
    wave: int | None = None


@dataclass(frozen=True, slots=True)
class ManifestRules:
    """`environments` maps a folder or namespace name to the environment it means (`live: prod`); `ignore` globs are never read."""

    pins: tuple[PinRule, ...] = ()
    services: tuple[ServiceRule, ...] = ()
    environments: dict[str, str] = field(default_factory=dict)
    ignore: tuple[str, ...] = ()
    groups: tuple[GroupRule, ...] = ()
