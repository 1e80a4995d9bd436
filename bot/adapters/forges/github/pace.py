"""How fast we may go: what GitHub's answers say of its rate limits → go on, wait a little, or come back later."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.adapters.forges.github.answers import Response, said
from bot.errors import Unavailable

PATIENCE = 5.0
"""Waits up to here are sat out; longer ones are told, and the incident is looked at again later."""

SHARE = 0.1
"""The part of the hourly budget that is kept for acting on incidents: what can wait stops there."""

_SECONDARY = 60.0
_LONGEST = 3600.0


@dataclass(frozen=True, slots=True)
class Timing:
    """Time as the adapter has it; tests bring their own."""

    now: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep


class Pace:
    """There is no fixed pause between requests: they are serial, and wait where GitHub says so."""

    def __init__(self, timing: Timing) -> None:
        self._timing = timing
        self._until = 0.0
        self._limited = 0
        self._budget: tuple[int, int, float] | None = None

    def admit(self, spare: bool) -> None:
        """Wait until the next request may go out. `spare`: it can wait for better times. Raises Unavailable."""
        now = self._timing.now()
        if self._until > now:
            if self._until - now > PATIENCE:
                raise Unavailable(f"GitHub asks us to wait until {_stamp(self._until)}: its rate limit is used up")
            self._timing.sleep(self._until - now)
        if spare and self._budget is not None:
            remaining, limit, reset = self._budget
            if remaining < limit * SHARE and now < reset:
                raise Unavailable(f"the last {SHARE:.0%} of GitHub's rate limit are kept for incidents until {_stamp(reset)}")

    def learn(self, response: Response) -> bool:
        """Take in an answer; whether it says that the request was not carried out because we are too fast."""
        headers, now = response.headers, self._timing.now()
        remaining, limit = _number(headers, "x-ratelimit-remaining"), _number(headers, "x-ratelimit-limit")
        reset = _number(headers, "x-ratelimit-reset")
        if remaining is not None and limit and reset is not None and headers.get("x-ratelimit-resource", "core") == "core":
            self._budget = (int(remaining), int(limit), reset)
        if not _limits(response):
            self._limited = 0
            return False
        wait = _number(headers, "retry-after")
        if wait is None and remaining == 0 and reset is not None:
            wait = reset - now + 1
        if wait is None:
            wait = _SECONDARY * 2**self._limited
        self._limited = min(self._limited + 1, 5)
        self._until = now + min(max(wait, 0.0), _LONGEST)
        return True


def _limits(response: Response) -> bool:
    if response.status == 200 and isinstance(response.body, Mapping):
        errors = response.body.get("errors")  # GraphQL says it in its own way, and has done nothing then
        return isinstance(errors, list) and any(isinstance(each, Mapping) and each.get("type") == "RATE_LIMITED" for each in errors)
    if response.status == 429:
        return True
    if response.status != 403:
        return False
    message = said(response.body).lower()
    spent = response.headers.get("x-ratelimit-remaining") == "0"
    return "retry-after" in response.headers or "rate limit" in message or "abuse detection" in message or spent


def _number(headers: Mapping[str, str], name: str) -> float | None:
    try:
        return float(headers[name])
    except (KeyError, ValueError):
        return None


def _stamp(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%H:%M:%S UTC")
