"""A reading of a text and the text after → the reading of that text, without parsing it, where only pins' values changed."""

from __future__ import annotations

import re
from collections.abc import Hashable
from dataclasses import replace
from functools import lru_cache

from bot.manifests import quoting, shapes, vocabulary
from bot.manifests.globs import matches
from bot.manifests.items import STEADY_KEYS
from bot.manifests.pin import Pin, PinKind, Reading
from bot.manifests.read import LARGEST
from bot.manifests.rules import ManifestRules

_VALUE = re.compile(rb"[A-Za-z0-9][A-Za-z0-9._+-]*(?:@sha256:[0-9a-f]{64})?|sha256:[0-9a-f]{64}")
_MORE = re.compile(rb"[A-Za-z0-9._+@:-]")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}(?:@sha256:[0-9a-f]{64})?|sha256:[0-9a-f]{64}")
_NAMING = re.compile(rf"(?:.*[.\]])?(?:{'|'.join(sorted(STEADY_KEYS))}|kind|apiVersion)")
_WORDS = re.compile(r"secret|sops|enc", re.IGNORECASE)
_IN_ADDRESSES = frozenset({"refs", "raw", "blob", "tree", "archive", "releases", "download"})
_MOST = 16
_EVERYTHING = ManifestRules()


def reread(before: bytes, reading: Reading, after: bytes, rules: ManifestRules = _EVERYTHING) -> Reading | None:
    """Return what `read` would say of `after`, given what it said of `before` under the same rules; None where unsure.

    Sure it is where the texts differ within a few pins only, and each new value is of the same sort as the old one, so that
    nothing that recognises versions, and nothing in YAML, could tell them apart.
    """
    if reading.objections or reading.annotations or not reading.pins or len(after) > LARGEST:
        return reading if before == after else None
    if any(matches(rule.files, reading.pins[0].path) is not None for rule in rules.pins):
        return None
    changed = _changes(before, reading.pins, after)
    if changed is None:
        return None
    if not all(_alike(reading.pins[index], value, reading.pins) for index, value in changed.items()):
        return None
    return Reading(_shifted(reading.pins, changed))


def _changes(before: bytes, pins: tuple[Pin, ...], after: bytes) -> dict[int, str] | None:
    """Return the new values by the index of their pins, None where anything else differs."""
    changed: dict[int, str] = {}
    same = _common(before, after)  # the texts agree up to here
    old = new = 0  # and have been compared up to here, in each
    for index, pin in enumerate(pins):
        if pin.end < same and not changed:
            continue
        start = pin.start - old + new
        if not changed and pin.start > same:
            break
        if before[old : pin.start] != after[new:start]:
            return None
        found = _VALUE.match(after, start)
        if found is None or _MORE.match(after, found.end()) or _MORE.match(before, pin.end):
            return None
        old, new = pin.end, found.end()
        value = found.group().decode()
        if value != pin.value:
            changed[index] = value
            if before[old:] == after[new:]:
                return changed
        if len(changed) > _MOST:
            return None
    return changed if before[old:] == after[new:] else None


def _common(before: bytes, after: bytes) -> int:
    """Return how many first bytes are the same."""
    low, high = 0, min(len(before), len(after))
    if before[:high] == after[:high]:
        return high
    while low < high:
        middle = (low + high + 1) // 2
        if before[low:middle] == after[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _alike(pin: Pin, value: str, pins: tuple[Pin, ...]) -> bool:
    """Say whether the change of one pin can have no effect but on that pin's value."""
    if _NAMING.fullmatch(pin.yaml_path) or _WORDS.search(value) or _WORDS.search(pin.value):
        return False
    if pin.kind is PinKind.IMAGE and not _TAG.fullmatch(value):
        return False
    if value in _IN_ADDRESSES or pin.value in _IN_ADDRESSES:
        return False
    if _sort(pin.value) != _sort(value):
        return False
    return not any(pin.value in one.artefact or pin.value in one.yaml_path or pin.value == one.object_name for one in pins)


@lru_cache(maxsize=4096)
def _sort(value: str) -> Hashable:
    """Return all that recognisers ask of a value: two values with the same answers are never told apart."""
    return (
        quoting.kind(value),
        shapes.sort(value),
        vocabulary.may_be_version(value),
        vocabulary.looks_like_version(value),
        vocabulary.is_digest(value),
        vocabulary.is_fixed(value),
        "@" in value,
        len(value) > 100,
    )


def _shifted(pins: tuple[Pin, ...], changed: dict[int, str]) -> tuple[Pin, ...]:
    out: list[Pin] = []
    shift = 0
    for index, pin in enumerate(pins):
        value = changed.get(index)
        if value is not None:
            start, shift = pin.start + shift, shift + len(value) - len(pin.value)
            out.append(replace(pin, start=start, end=start + len(value), value=value))
        else:
            out.append(replace(pin, start=pin.start + shift, end=pin.end + shift) if shift else pin)
    return tuple(out)
