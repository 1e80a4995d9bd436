"""Flagger's `event` webhook → alerts: a canary that failed, or succeeded. What its `rollback` gate asks is answered elsewhere.

https://docs.flagger.app/usage/webhooks. Flagger can prove itself by nothing but a secret in the address or in `metadata.token`.
"""

from __future__ import annotations

import re

from pydantic import Field

from bot.refs import Instant
from bot.signals.payload import Part, Text, Texts, event, read
from bot.signals.signal import Alert, ChangeEvent, Ignored, applied

SOURCE = "flagger"
_NO_LABELS = frozenset(("token", "eventMessage", "eventType", "timestamp"))


class Canary(Part):
    """What every webhook of Flagger's says."""

    name: Text
    namespace: Text
    phase: Text
    checksum: Text = ""
    metadata: Texts = Field(default_factory=dict)


def read_canary(body: bytes) -> Canary:
    """Read a webhook's body. Raises Refused."""
    return read(Canary, body, "a webhook of Flagger")


def parse(body: bytes, received_at: Instant) -> tuple[Alert | ChangeEvent, ...] | Ignored:
    """Read one event. Raises Refused for what is none, saying where it differs."""
    told = read_canary(body)
    failed = told.phase == "Failed"
    if not failed and told.phase != "Succeeded":
        return Ignored(f"phase {told.phase[:60]} is neither trouble nor its end")
    alert = event(
        SOURCE,
        "CanaryFailed" if failed else "CanarySucceeded",
        firing=failed,
        about=(told.metadata.get("cluster", ""), told.namespace, told.name),
        which=(told.checksum,) if failed else (),
        at=_at(told.metadata.get("timestamp", "")),
        received_at=received_at,
        labels={**labels(told)},
        severity="error" if failed else "",
        summary=told.metadata.get("eventMessage", ""),
    )
    return (alert,) if failed else (alert, applied(alert, ""))


def question(body: bytes, now: Instant) -> Alert:
    """What the `rollback` gate asks about, as an alert that names its service. Raises Refused for what is no webhook of Flagger's."""
    told = read_canary(body)
    about = (told.metadata.get("cluster", ""), told.namespace, told.name)
    return event(SOURCE, "CanaryGate", firing=True, about=about, at=None, received_at=now, labels={**labels(told)})


def labels(canary: Canary) -> dict[str, str]:
    """What names the canary's service."""
    more = {name: text for name, text in canary.metadata.items() if name not in _NO_LABELS}
    return {**more, "canary": canary.name, "namespace": canary.namespace}


def _at(text: str) -> Instant | None:
    """Milliseconds since 1970, as a text."""
    return int(text) / 1000 if re.fullmatch(r"[1-9][0-9]{0,14}", text) else None
