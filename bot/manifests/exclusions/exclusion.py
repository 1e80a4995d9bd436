"""What is kept out, and the shape of a bot's module."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Protocol

TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
"""What a registry takes for a tag (OCI distribution specification 1.1, "Pulling manifests"); it needs no quoting but for its dots."""
MARK = "rollbot excludes: "
MADE = "rollbot made this"


class Unwritable(Exception):
    """Why a file cannot be told to leave a version out."""


@dataclass(frozen=True, slots=True, order=True)
class Exclusion:
    """One tag of one image (`registry/name`, no tag)."""

    image: str
    tag: str


class Bot(Protocol):
    name: str

    def bare(self, text: str) -> str:
        """Return the text without anything of ours."""
        ...

    def add(self, text: str, wanted: Collection[Exclusion]) -> str:
        """Return a bare text with those of `wanted` excluded that this file speaks of. Raises Unwritable."""
        ...


def tags(wanted: Iterable[Exclusion], image: str) -> list[str]:
    """The tags of an image to leave out, sorted; those that are no tags (digests, git refs) are nothing a bot chooses by."""
    return sorted({each.tag for each in wanted if each.image == image and TAG.fullmatch(each.tag)})


def anchored(tag: str) -> str:
    """A tag as a regular expression (Go and JavaScript) that fits it and nothing else."""
    return f"^{tag.replace('.', chr(92) + '.')}$"
