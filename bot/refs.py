"""Names of things in the outside world: services, images, commits, versions."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NewType

Sha = NewType("Sha", str)
"""A Git object name, 40 or 64 lower-case hexadecimal digits."""

Digest = NewType("Digest", str)
"""A content digest as registries write it: `sha256:<64 hex>`."""

Version = NewType("Version", str)
"""What a pin holds: a tag, `tag@digest`, a chart version, a Git ref. Compared as text only."""

Instant = float
"""Seconds since 1970-01-01T00:00:00Z."""

_DIGEST = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}")
_UNFIT = re.compile(r"[\s{}$\"']")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")


@dataclass(frozen=True, slots=True, order=True)
class ServiceRef:
    """A service in one environment of one manifests repository (and, optionally, of one cluster)."""

    repository: str
    environment: str
    name: str
    cluster: str | None = None

    def __str__(self) -> str:
        return "/".join(part for part in (self.environment, self.cluster, self.name) if part)


@dataclass(frozen=True, slots=True)
class ImageRef:
    """An image reference: `name[:tag][@digest]`, where `name` carries the registry and its port.

    Grammar: https://github.com/distribution/reference (reference.go).
    """

    name: str
    tag: str | None = None
    digest: Digest | None = None

    @classmethod
    def parse(cls, text: str) -> ImageRef | None:
        """Return the reference that `text` is, or None where it is none (empty, spaces, bad tag or digest)."""
        rest, at, digest = text.partition("@")
        if at and not _DIGEST.fullmatch(digest):
            return None
        head, slash, last = rest.rpartition("/")
        last, colon, tag = last.partition(":")
        if colon and not _TAG.fullmatch(tag):
            return None
        name = f"{head}{slash}{last}"
        if not last or _UNFIT.search(name):
            return None
        return cls(name, tag if colon else None, Digest(digest) if at else None)

    @property
    def version(self) -> Version | None:
        """`tag`, `tag@digest` or the digest alone; None where the reference fixes nothing."""
        both = "@".join(part for part in (self.tag, self.digest) if part)
        return Version(both) if both else None

    def __str__(self) -> str:
        return self.name + (f":{self.tag}" if self.tag else "") + (f"@{self.digest}" if self.digest else "")
