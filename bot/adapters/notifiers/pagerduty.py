"""Notices → PagerDuty's Events API v2: a page is one alert by its `dedup_key`, triggered, and resolved when it is handled.

https://developer.pagerduty.com/docs/events-api-v2/trigger-events/ (202 accepted, 400 invalid, 429 and 5xx: again later)
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from bot.adapters.notifiers.asking import TIMEOUT, Door
from bot.ports import Notice

_SUMMARY, _KEY, _TEXT = 1024, 255, 4000


class PagerDuty:
    """`key`: the integration's routing key. `url`: the events server, another one in the EU."""

    def __init__(self, key: str, url: str = "https://events.pagerduty.com", timeout: float = TIMEOUT) -> None:
        self._key, self._url = key, f"{url.rstrip('/')}/v2/enqueue"
        self._door = Door("PagerDuty", (key,), timeout)

    def deliver(self, notice: Notice) -> None:
        """What neither needs a person nor says that none is needed pages nobody."""
        if notice.urgent:
            self._enqueue("trigger", notice.subject, **_told(notice))
        elif notice.handled:
            self._enqueue("resolve", notice.subject)
        elif notice.taken:
            self._enqueue("acknowledge", notice.subject)

    def renew(self, pages: Sequence[Notice]) -> None:
        """PagerDuty keeps what stands."""

    def check(self) -> str:
        """Resolve what never stood: PagerDuty takes the event, if the key may send any, and does nothing."""
        self._enqueue("resolve", "rollbot-doctor")
        return "takes events with this key"

    def _enqueue(self, action: str, subject: str, **more: Any) -> None:
        self._door.post(self._url, {"routing_key": self._key, "event_action": action, "dedup_key": _dedup(subject), **more})


def _told(notice: Notice) -> dict[str, Any]:
    of = notice.service
    details = {"what": notice.text[:_TEXT], "incident": notice.subject}
    if of is not None:
        details |= {"repository": of.repository, "environment": of.environment, "service": of.name, "cluster": of.cluster or ""}
    payload = {
        "summary": f"Rollbot: {notice.title}"[:_SUMMARY],  # its webhook brings this title back to us, where it is known as ours
        "source": str(of) if of else "rollbot",
        "severity": "critical",
        "custom_details": details,
    }
    if of is not None:
        payload |= {"component": of.name, "group": of.environment}
    links = [{"href": notice.url, "text": "Rollbot"}] if notice.url else []
    return {"payload": payload, "client": "Rollbot", "links": links}


def _dedup(subject: str) -> str:
    """At most 255 characters; what is longer is named by its hash."""
    named = f"rollbot:{subject}"
    return named if len(named) <= _KEY else f"rollbot:{hashlib.sha256(subject.encode()).hexdigest()}"
