"""Argo Rollouts' notifications, by our template (deploy/argo-rollouts/notifications.yaml) → alerts.

https://argo-rollouts.readthedocs.io/en/stable/features/notifications/; the engine is Argo CD's, the object is `.rollout`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BeforeValidator, Field

from bot.errors import Refused
from bot.refs import Instant
from bot.signals.payload import Part, Text, Texts, event, instant, read
from bot.signals.signal import Alert, ChangeEvent, Ignored, applied

SOURCE = "rollouts"
SCHEMA = "rollbot.rollouts/v1"


class _Rollout(Part):
    schema_: Text = Field(default="", alias="schema")
    rollout: Text = ""
    namespace: Text = ""
    uid: Text = ""
    pod_hash: Text = ""
    stable_hash: Text = ""
    phase: Text = ""
    message: Text = ""
    aborted: Annotated[bool, BeforeValidator(lambda value: value is True)] = False
    aborted_at: datetime | None = None
    images: Annotated[tuple[Text, ...], BeforeValidator(lambda value: value if isinstance(value, list) else [])] = ()
    labels: Texts = Field(default_factory=dict)


def parse(body: bytes, received_at: Instant) -> tuple[Alert | ChangeEvent, ...] | Ignored:
    """Read one notification. Raises Refused for what does not follow our template."""
    told = read(_Rollout, body, "a notification of Argo Rollouts by our template")
    if told.schema_ != SCHEMA or not told.rollout:
        raise Refused(f"not a notification of Argo Rollouts by our template: schema and rollout: expected {SCHEMA} and a name")
    phase = told.phase.lower()
    firing = told.aborted or phase in ("degraded", "error")
    if not firing and phase != "healthy":
        return Ignored(f"phase {told.phase[:60] or 'unknown'} is neither trouble nor its end")
    labels = {name.replace(".", "_").replace("/", "_").replace("-", "_"): text for name, text in told.labels.items()}
    alert = event(
        SOURCE,
        "RolloutAborted" if told.aborted else "RolloutDegraded" if firing else "RolloutHealthy",
        firing=firing,
        about=(told.uid or f"{told.namespace}/{told.rollout}",),
        which=(told.pod_hash,) if firing else (),
        at=instant(told.aborted_at) if told.aborted else None,
        received_at=received_at,
        labels={
            **labels,
            "rollout": told.rollout,
            "namespace": told.namespace,
            "image": told.images[0] if len(told.images) == 1 else "",
        },
        severity="error" if firing else "",
        summary=told.message,
    )
    return (alert,) if firing else (alert, applied(alert, ""))
