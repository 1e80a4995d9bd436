"""A pin: one place in the desired state that fixes a version."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from bot.manifests.declared import Annotation
from bot.objections import Objection


class PinKind(StrEnum):
    """What sort of version a pin fixes."""

    IMAGE = "image"
    """The `tag`, `tag@digest` or `@digest` part inside an image reference `repo:tag@digest` (the span covers that part only)."""
    TAG = "tag"
    """An image tag (or `tag@digest`) in a scalar of its own."""
    DIGEST = "digest"
    CHART = "chart"
    APP_VERSION = "appVersion"
    REF = "ref"
    """A Git ref: branch, tag or commit, also inside `?ref=` and raw URLs."""
    VARIABLE = "variable"
    """A named value known to hold a version (substitution, env file, annotated scalar, a user's rule)."""


class Style(StrEnum):
    """How the pin's scalar is written; an edit keeps it."""

    PLAIN = "plain"
    SINGLE = "single"
    DOUBLE = "double"
    BLOCK = "block"
    """Inside a block scalar (`|` or `>`), whose text may itself be YAML."""
    RAW = "raw"
    """Not YAML: the span is replaced as it is."""


@dataclass(frozen=True, slots=True)
class Pin:
    """One scalar, or a part of one, that fixes a version.

    `start`, `end` are byte offsets into the file as it is on disk (BOM and CRLF counted) and cover exactly `value` as
    written, without quotes. `partial` says that the span is only a part of its scalar (image references, URLs).
    `yaml_path` is dotted, list items as `[name=x]` where they have a name (or another telling key, see items.py), else `[0]`;
    keys that hold dots, brackets or spaces stand in double quotes. In files that are not YAML it is the rule's name.
    `artefact` is the image name, chart name or repository URL that the version belongs to, "" where unknown.
    """

    path: str
    document: int
    yaml_path: str
    line: int
    start: int
    end: int
    format: str
    kind: PinKind
    object_kind: str
    object_name: str
    namespace: str
    artefact: str
    value: str
    style: Style = Style.PLAIN
    partial: bool = False

    @property
    def place(self) -> tuple[str, str, str, str]:
        """What stays the same when the value changes: path, object, yaml path, artefact."""
        return (self.path, f"{self.object_kind}/{self.namespace}/{self.object_name}", self.yaml_path, self.artefact)


@dataclass(frozen=True, slots=True)
class Reading:
    """What a file's text says: its pins, why it could not be read where that is so, and what it declares to us (`rollbot.dev/…`)."""

    pins: tuple[Pin, ...]
    objections: tuple[Objection, ...] = ()
    annotations: tuple[Annotation, ...] = ()


class Format(Protocol):
    """A row of FORMATS: yields the pins that it knows in a file, none where the file is not of its kind.

    Pure; never raises for a stranger's file: text that does not parse has no pins (`read` says why).
    """

    def __call__(self, file: bytes, path: str, /) -> Iterable[Pin]: ...
