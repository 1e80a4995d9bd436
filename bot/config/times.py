"""Kinds of text in `.rollbot.yaml` that name times: cron expressions, moments, time zones."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError
from pydantic import AfterValidator, StringConstraints

from bot.refs import Instant

_ANY_DAY = datetime(2026, 1, 1, tzinfo=UTC)


def _cron(text: str) -> str:
    try:
        if len(text.split()) != 5:
            raise CronSimError("Wrong number of fields")
        CronSim(text, _ANY_DAY)
    except CronSimError as error:
        raise ValueError(f'expected a cron expression of five fields such as "0 18 * * FRI": {str(error).lower()}') from error
    return text


def _moment(text: str) -> str:
    try:
        datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError("expected a date or a time such as 2026-12-20 or 2026-12-20T18:00") from error
    return text


def _zone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (OSError, ValueError, KeyError) as error:  # an unknown name is a KeyError, one that is no name the others
        raise ValueError("expected a time zone such as UTC or Europe/Berlin") from error
    return text


Cron = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200), AfterValidator(_cron)]
Moment = Annotated[str, StringConstraints(strip_whitespace=True, max_length=40), AfterValidator(_moment)]
Zone = Annotated[str, StringConstraints(max_length=64), AfterValidator(_zone)]


def instant(moment: str, timezone: str) -> Instant:
    """When a moment is, by a zone's clock where it names no offset itself."""
    at = datetime.fromisoformat(moment)
    return (at if at.tzinfo else at.replace(tzinfo=ZoneInfo(timezone))).timestamp()
