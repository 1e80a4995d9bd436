"""Two versions → which is newer: as semantic versions, as calendar versions, or by the order in which a service released them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_NUMBERS = re.compile(r"[vV]?([0-9]{1,18}(?:\.[0-9]{1,18}){0,5})(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+[0-9A-Za-z.-]+)?")
_DATE = re.compile(r"[vV]?((?:19|20)[0-9]{2})([.-][0-9]{1,2})([.-][0-9]{1,2})?([.-][0-9]{1,6})?")
_SHORT = 7

Key = tuple[tuple[int, ...], int, tuple[tuple[int, int, str], ...]]
"""Numbers without trailing zeros; 0 for a pre-release, 1 for a release; the pre-release's identifiers."""


@dataclass(frozen=True, slots=True)
class Order:
    """The values that a service's place held, newest first: what decides where numbers do not."""

    values: Sequence[str] = ()

    def place(self, version: str) -> int | None:
        """How early it was first released (0: the oldest that is known), None where it never stood."""
        found = [at for at, value in enumerate(reversed(self.values)) if _same(value, version)]
        return found[0] if found else None


def key(version: str) -> Key | None:
    """What numbers a version sorts by, None where it has none (a commit, a branch, a codename).

    Precedence as in https://semver.org (11); missing numbers are zero, further ones count, leading zeros are none. What begins with a
    year is a calendar version (https://calver.org): all its numbers count, also those after a hyphen.
    """
    tag = version.partition("@")[0]
    if date := _DATE.fullmatch(tag):
        return _trimmed(tuple(int(part.strip(".-")) for part in date.groups() if part)), 1, ()
    match = _NUMBERS.fullmatch(tag)
    if match is None or ("." not in match[1] and not _plain(tag)):
        return None
    numbers = _trimmed(tuple(int(part) for part in match[1].split(".")))
    if match[2] is None:
        return numbers, 1, ()
    return numbers, 0, tuple((0, int(part), "") if part.isdecimal() else (1, 0, part) for part in match[2].split("."))


def compare(one: str, other: str, order: Order) -> int | None:
    """-1, 0 or 1 as `one` is older than, the same as, or newer than `other`; None where nobody can tell."""
    if _same(one, other):
        return 0
    first, second = key(one), key(other)
    if first is not None and second is not None:
        return (first > second) - (first < second)
    at, beside = order.place(one), order.place(other)
    return None if at is None or beside is None else (at > beside) - (at < beside)


def is_prerelease_of(version: str, release: str) -> bool:
    """Whether a version is a pre-release of exactly that release: `3.0.0-rc.1` of `3`."""
    first, second = key(version), key(release)
    return first is not None and second is not None and first[0] == second[0] and (first[1], second[1]) == (0, 1)


def _plain(tag: str) -> bool:
    """A bare number is a version where it is short or a date (`42`, `v42`, `20261124`); `1234567` may as well be a commit."""
    digits = tag.lstrip("vV")
    return digits.isdecimal() and (len(digits) < _SHORT or (len(digits) == 8 and digits.startswith(("19", "20"))))


def _trimmed(numbers: tuple[int, ...]) -> tuple[int, ...]:
    while len(numbers) > 1 and numbers[-1] == 0:
        numbers = numbers[:-1]
    return numbers


def _same(value: str, version: str) -> bool:
    """Whether both name one version: the whole value, its tag or digest, or the commit that a longer name begins with."""
    tag, _, digest = value.partition("@")
    commit = len(version) >= _SHORT and re.fullmatch(r"[0-9a-f]+", version) is not None and tag.startswith(version)
    return version in (value, tag, digest) or commit or (bool(tag) and tag == version.partition("@")[0] and "@" not in value)
