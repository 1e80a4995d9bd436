"""The systems that signals come from: one row each, its door is `POST /hooks/{row}`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from bot.refs import Instant
from bot.signals import alertmanager
from bot.signals.signal import Signal


@dataclass(frozen=True, slots=True)
class Source:
    """`parse` turns a verified raw body into signals: it returns or raises Refused, whatever the body.

    `authentication`: how the sender proves itself. `bearer`: `Authorization: Bearer <ROLLBOT_HOOK_TOKEN_<SOURCE>>`.
    """

    parse: Callable[[bytes, Instant], tuple[Signal, ...]]
    authentication: Literal["bearer"]


SOURCES: Mapping[str, Source] = {
    alertmanager.SOURCE: Source(alertmanager.parse, authentication="bearer"),
}
