"""The text of a declaration (`payments >=2.3 <3; catalog >=1.9`) → what it asks of which service, or what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from bot.releases.ordering import Order, compare, is_prerelease_of

MOST = 50
"""Clauses of one declaration."""

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?(?:/[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)?")
_BOUND = re.compile(r"(?P<how>>=|<=|!=|==|=|>|<)?\s*(?P<version>[A-Za-z0-9_][A-Za-z0-9_.+@:-]*)")
_WAVE = re.compile(r"[0-9]{1,3}")
EXAMPLE = "`payments >=2.3 <3; catalog >=1.9`"


class How(StrEnum):
    """How a version stands to a bound."""

    AT_LEAST = ">="
    AT_MOST = "<="
    NOT = "!="
    IS = "="
    ABOVE = ">"
    BELOW = "<"


@dataclass(frozen=True, slots=True)
class Bound:
    how: How
    version: str

    def __str__(self) -> str:
        return f"{self.how}{self.version}"


@dataclass(frozen=True, slots=True)
class Clause:
    """What is asked of one service; `name` may begin with an environment (`staging/payments`), else it is that of whoever asks."""

    name: str
    bounds: tuple[Bound, ...]

    def __str__(self) -> str:
        return " ".join((self.name, *map(str, self.bounds)))


class Unreadable(Exception):
    """A declaration that does not parse, and what was expected."""


def requires(text: str) -> tuple[Clause, ...]:
    """Parse `requires`: clauses with `;` or line breaks between them, each a service and its bounds. Raises Unreadable."""
    clauses = tuple(_clause(part.strip()) for part in re.split(r"[;\n]", text) if part.strip())
    if not clauses or len(clauses) > MOST:
        raise Unreadable(f"expected services with versions, such as {EXAMPLE}" if not clauses else f"expected at most {MOST} services")
    return clauses


def bounds(text: str) -> tuple[Bound, ...]:
    """Parse versions alone: `>=2.3 <3`. Raises Unreadable."""
    return tuple(_bounds(text.strip(), text))


def names(text: str) -> tuple[str, ...]:
    """Parse `rollback-with`: names of services, with spaces, commas or semicolons between them. Raises Unreadable."""
    found = tuple(dict.fromkeys(part for part in re.split(r"[\s,;]+", text) if part))
    wrong = next((name for name in found if not _NAME.fullmatch(name)), None)
    if wrong is not None or not found or len(found) > MOST:
        raise Unreadable(f"expected names of services, such as `web api`, not {_shown(wrong or text)}")
    return found


def wave(text: str) -> int:
    """Parse `wave`: a whole number; the lowest goes back first. Raises Unreadable."""
    if not _WAVE.fullmatch(text.strip()):
        raise Unreadable(f"expected a whole number from 0 to 999, not {_shown(text)}")
    return int(text)


def admits(wanted: tuple[Bound, ...], version: str, order: Order) -> bool | None:
    """Whether a version is within all the bounds; None where it cannot be compared with one of them.

    As in PEP 440, a release's own pre-releases are not below it: `<3` leaves `3.0.0-rc.1` out.
    """
    answers = [_within(bound, version, order) for bound in wanted]
    return False if False in answers else None if None in answers else True


def _within(bound: Bound, version: str, order: Order) -> bool | None:
    found = compare(version, bound.version, order)
    if found is None:
        return True if bound.how is How.NOT else None
    match bound.how:
        case How.AT_LEAST:
            return found >= 0
        case How.AT_MOST:
            return found <= 0
        case How.NOT:
            return found != 0
        case How.IS:
            return found == 0
        case How.ABOVE:
            return found > 0
        case How.BELOW:
            return found < 0 and not is_prerelease_of(version, bound.version)


def _clause(text: str) -> Clause:
    name = _NAME.match(text)
    rest = text[name.end() :] if name else ""
    if name is None or (rest and not rest.startswith((" ", "\t", ">", "<", "=", "!"))):
        raise Unreadable(f"expected a service and its versions, such as {EXAMPLE}, not {_shown(text)}")
    found = tuple(_bounds(rest.strip(), text))
    if not found:
        raise Unreadable(f"expected a version after {name.group()}, such as `{name.group()} >=2.3`")
    return Clause(name.group(), found)


def _bounds(text: str, whole: str) -> Iterator[Bound]:
    at = 0
    while at < len(text):
        match = _BOUND.match(text, at)
        if match is None:
            raise Unreadable(f"expected `>=`, `>`, `<=`, `<`, `=` or `!=` and a version at {_shown(text[at:])} of {_shown(whole)}")
        if match["how"] is None and match.group() != text:
            raise Unreadable(f"expected `>=`, `>`, `<=`, `<`, `=` or `!=` before {_shown(match.group())} of {_shown(whole)}")
        how = match["how"] or "="
        yield Bound(How.IS if how == "==" else How(how), match["version"])
        at = match.end()
        gap = re.compile(r"[\s,]+").match(text, at)
        if gap is None and at < len(text) and text[at] not in "><=!":
            raise Unreadable(f"expected a space before {_shown(text[at:])}")
        at = gap.end() if gap else at


def _shown(text: str) -> str:
    plain = "".join(character if character.isprintable() else " " for character in text)
    return f"`{plain[:60].replace('`', ' ')}{'…' if len(plain) > 60 else ''}`"
