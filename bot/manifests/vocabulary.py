"""What people call versions, and how they write them."""

from __future__ import annotations

import re

VERSION_WORDS = frozenset({"version", "tag", "image", "sha", "digest", "revision", "commit"})
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_VERSION = re.compile(r"[vV]?[0-9]+\.[0-9]+[0-9A-Za-z.+_-]*(?:@sha256:[0-9a-f]{64})?")
_DIGEST = re.compile(r"(?:sha256:)?[0-9a-f]{64}|[0-9a-f]{40}")
_BUILD = re.compile(r"[A-Za-z][0-9A-Za-z_.]*-[0-9a-f]{7,40}(?:-[0-9]{8,14})?")
_ADDRESS = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}")
_SETTLED = frozenset({"true", "false", "yes", "no", "on", "off", "null", "none", "~"})


def names_version(key: str) -> bool:
    """Say whether a key's last word promises a version: `TALOS_VERSION`, `instance-tag`, `imageTag`, `dynamic.x.instance-tag`."""
    words = _WORD.findall(key.removesuffix("256"))
    return bool(words) and words[-1].lower() in VERSION_WORDS


def may_be_version(value: str) -> bool:
    """Say whether a value could name a version at all: one word, no variable, no address of something."""
    if not 0 < len(value) <= 255 or value.lower() in _SETTLED or value.startswith(("/", "./", "ENC[")):
        return False
    return "://" not in value and value.isascii() and not any(character.isspace() or character in "${}<>,|\"'" for character in value)


def looks_like_version(value: str) -> bool:
    """Say whether a value is a version whatever its key: `v1.24.4`, `1.110.0-rc.3`, a digest or commit, `master-f9a1b60b-1665404899`."""
    if not may_be_version(value) or _ADDRESS.fullmatch(value):
        return False
    return any(shape.fullmatch(value) for shape in (_VERSION, _DIGEST, _BUILD))


def is_digest(value: str) -> bool:
    """Say whether a value is a content digest or a bare hash of that length, and no image reference."""
    return _DIGEST.fullmatch(value) is not None


def is_fixed(value: str) -> bool:
    """Say whether a scalar that stands where a version belongs is one, and not a variable or template to be filled in later."""
    return 0 < len(value) <= 512 and not any(mark in value for mark in ("{{", "${", "{%", "<<", "\n"))
