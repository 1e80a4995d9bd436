"""Kinds of text that `.rollbot.yaml` holds: durations, globs, regular expressions, templates; each says what it expected."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, WithJsonSchema

from bot.releases.requires import Unreadable, bounds, names, requires

LONGEST = 1000
_UNITS: Mapping[str, float] = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
DURATION = r"^(?:\d+(?:\.\d+)?[smhd])+$"


def seconds(text: object) -> float:
    """Read `90s`, `15m`, `4h`, `14d`, `1h30m`."""
    if isinstance(text, int | float) and not isinstance(text, bool):
        return float(text)  # a default, already in seconds: what a file holds arrives as text
    if not isinstance(text, str) or not re.fullmatch(DURATION, text.strip()):
        raise ValueError("expected a duration such as 90s, 15m, 4h or 14d")
    return sum(float(number) * _UNITS[unit] for number, unit in re.findall(r"(\d+(?:\.\d+)?)([smhd])", text))


def written(duration: float) -> str:
    """Write a duration in the largest unit that holds it whole."""
    for unit in ("d", "h", "m"):
        if duration and duration % _UNITS[unit] == 0:
            return f"{duration / _UNITS[unit]:.0f}{unit}"
    return f"{duration:g}s"


def _glob(text: str) -> str:
    if text.startswith("/") or ".." in text.split("/"):
        raise ValueError("expected a glob from the repository's root, without a leading / and without ..")
    return text


def _regex(text: str) -> str:
    try:
        groups = re.compile(text, re.MULTILINE).groupindex
    except re.error as error:
        raise ValueError(f"expected a regular expression in Python's syntax: {error}") from error
    except (RecursionError, OverflowError) as error:
        raise ValueError("expected a simpler regular expression") from error
    if "version" not in groups:
        raise ValueError("expected a group named version, as in (?P<version>[0-9.]+)")
    return text


def _declared(parse: Callable[[str], object]) -> AfterValidator:
    """A text that the parser of declarations reads; what it expected, where it does not."""

    def check(text: str) -> str:
        try:
            parse(text)
        except Unreadable as error:
            raise ValueError(str(error)) from error
        return text

    return AfterValidator(check)


Text = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST)]
Glob = Annotated[Text, AfterValidator(_glob)]
Regex = Annotated[Text, AfterValidator(_regex)]
Bounds = Annotated[Text, _declared(bounds)]
Required = Annotated[Text, _declared(requires)]
Names = Annotated[Text, _declared(names)]
Count = Annotated[int, Field(ge=0, le=1_000_000)]
Duration = Annotated[
    float,
    Field(ge=0, le=10 * 365 * _UNITS["d"]),
    BeforeValidator(seconds),
    WithJsonSchema({"type": "string", "pattern": DURATION}),
]


def stars(glob: str) -> int:
    """Count the stars of a glob whose texts `{1}`, `{2}` may refer to."""
    return len(re.findall(r"\*+", glob))


def references(template: str | None) -> list[str]:
    return re.findall(r"\{([^{}]*)\}", template or "")
