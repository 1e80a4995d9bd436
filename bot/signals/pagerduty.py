"""PagerDuty's webhooks, version 3 → alerts: an incident that was triggered, reopened or resolved.

https://developer.pagerduty.com/docs/webhooks-overview
"""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from bot.errors import Refused
from bot.refs import Instant
from bot.signals.payload import Part, Text, event, instant, read
from bot.signals.signal import Alert, Ignored

SOURCE = "pagerduty"
_BEGINS = ("incident.triggered", "incident.reopened")
_ENDS = "incident.resolved"


class _Named(Part):
    id: Text = ""
    summary: Text = ""


class _Incident(Part):
    id: Text = ""
    title: Text = ""
    html_url: Text = ""
    created_at: datetime | None = None
    service: _Named | None = None
    priority: _Named | None = None
    urgency: Text = ""


class _Event(Part):
    id: Text = ""
    event_type: Text
    occurred_at: datetime | None = None
    data: _Incident = Field(default_factory=_Incident)


class _Payload(Part):
    event: _Event


def parse(body: bytes, received_at: Instant) -> tuple[Alert, ...] | Ignored:
    """Read one event. Raises Refused for what is none, saying where it differs."""
    told = read(_Payload, body, "a webhook of PagerDuty").event
    data, firing = told.data, told.event_type in _BEGINS
    if not firing and told.event_type != _ENDS:
        return Ignored(f"{told.event_type[:100]} begins and ends nothing")
    if not data.id:
        raise Refused("not a webhook of PagerDuty: event.data.id: Field required")
    service, priority = data.service or _Named(), data.priority or _Named()
    began = data.created_at if told.event_type == "incident.triggered" else None
    return (
        event(
            SOURCE,
            data.title or f"PagerDuty incident {data.id}",
            firing=firing,
            about=(data.id,),
            which=(told.id,) if told.event_type == "incident.reopened" else (),
            at=instant(began or told.occurred_at),
            received_at=received_at,
            labels={"service": service.summary, "pagerduty_service": service.id},
            severity=priority.summary or data.urgency,
            summary=data.title,
            link=data.html_url,
        ),
    )
