"""Payloads as they were recorded, under fixtures/payloads, and what a source's parser made of one."""

from __future__ import annotations

import json
from pathlib import Path

from bot.signals.signal import Alert, Ignored, Signal

PAYLOADS = Path(__file__).parents[2] / "fixtures" / "payloads"


def recorded(source: str, name: str, **changes: object) -> bytes:
    """A recorded body, with top-level keys replaced."""
    return json.dumps(json.loads((PAYLOADS / source / f"{name}.json").read_bytes()) | changes).encode()


def first(found: tuple[Signal, ...] | Ignored) -> Alert:
    """The first signal of a body, which is an alert."""
    assert not isinstance(found, Ignored), found
    assert isinstance(found[0], Alert)
    return found[0]
