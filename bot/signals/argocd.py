"""Argo CD's notifications → alerts, and hints that something was applied: by our template, or by any that names application and revision.

https://argo-cd.readthedocs.io/en/stable/operator-manual/notifications/services/webhook/; ours is deploy/argocd/notifications.yaml.
The trigger is not told to a template, so what happened is read from the application's own state.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter, ValidationError

from bot.errors import Refused
from bot.refs import Instant
from bot.signals.payload import LONGEST_ANNOTATION, event, instant
from bot.signals.payload import tree as tree_of
from bot.signals.signal import Alert, ChangeEvent, Ignored, applied

SOURCE = "argocd"
_MOST = 2000
_DEEPEST = 8
_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_TIME: TypeAdapter[datetime] = TypeAdapter(datetime)
# Where templates say what, by the last words of the path to it: ours first, then what people call it.
_WHERE: Mapping[str, tuple[str, ...]] = {
    "app": (
        "app",
        "app.metadata.name",
        "app.name",
        "application.metadata.name",
        "application.name",
        "application",
        "appname",
        "metadata.name",
    ),
    "uid": ("uid", "app.metadata.uid", "metadata.uid"),
    "project": ("project", "spec.project"),
    "namespace": ("destination.namespace",),
    "cluster": ("destination.name", "destination.server", "cluster"),
    "health": ("health.status", "health", "healthstatus"),
    "phase": ("operationstate.phase", "operation.phase", "operationphase", "phase"),
    "message": ("operationstate.message", "operation.message", "health.message", "message"),
    "trigger": ("trigger", "event", "reason"),
    "state": ("state", "status"),
    "live": ("sync.revision", "sync.revisions"),
    "synced": ("operationstate.syncresult.revision", "operationstate.syncresult.revisions"),
    "revision": ("revision", "revisions", "syncrevision", "commitsha", "commit", "sha"),
    "at": ("health.lasttransitiontime", "operationstate.finishedat", "operation.finishedat", "finishedat", "timestamp"),
    "link": ("link", "url", "appurl"),
    "env": ("env", "environment"),
    "service": ("service",),
    "rollbot": ("rollbot",),
}
_BROKEN = re.compile(r"degraded|failed|failure|error", re.IGNORECASE)
_WELL = re.compile(r"healthy|succeeded|success|deployed", re.IGNORECASE)


def parse(body: bytes, received_at: Instant) -> tuple[Alert | ChangeEvent, ...] | Ignored:
    """Read one notification. Raises Refused for what names no application."""
    told = _told(tree_of(body, "a notification of Argo CD"))
    app = told.get("app", "")
    if not app:
        raise Refused(
            "not a notification of Argo CD that names its application: app: Field required (deploy/argocd/notifications.yaml does)"
        )
    what = _what(told)
    if isinstance(what, Ignored):
        return what
    revision = told.get("live") or told.get("synced") or told.get("revision", "")
    alert = event(
        SOURCE,
        what or "ArgoCDDeployed",
        firing=bool(what),
        about=(told.get("uid") or f"{told.get('cluster', '')}/{app}",),
        which=(revision,) if what else (),
        at=_at(told.get("at", "")),
        received_at=received_at,
        labels={"argocd_app": app, "revision": revision, **{name: told.get(name) for name in _LABELS}},
        severity="error" if what else "",
        summary=told.get("message", ""),
        link=told.get("link"),
    )
    return (alert,) if what else (alert, applied(alert, revision if _COMMIT.fullmatch(revision) else ""))


_LABELS = ("namespace", "cluster", "project", "env", "service", "rollbot")


def _what(told: Mapping[str, str]) -> str | Ignored:
    """The trouble's name, "" where all is well, or why it is neither."""
    if told.get("synced") and told.get("live") and told["synced"] != told["live"]:
        return Ignored("what was synced is not what is live: there will be another notification")
    health, phase = told.get("health", "").lower(), told.get("phase", "").lower()
    if phase in ("failed", "error"):
        return "ArgoCDSyncFailed"
    if health == "degraded":
        return "ArgoCDHealthDegraded"
    if health == "healthy" and phase in ("", "succeeded"):
        return ""
    if health or phase:
        return Ignored(f"health {health or 'unknown'}, operation {phase or 'unknown'}: neither trouble nor its end")
    said = " ".join((told.get("trigger", ""), told.get("state", "")))
    if _BROKEN.search(said):
        return "ArgoCDSyncFailed" if "sync" in said.lower() else "ArgoCDHealthDegraded"
    return "" if _WELL.search(said) else Ignored("it does not say whether the application is well")


def _told(payload: Any) -> dict[str, str]:
    """What the body says of each thing, from the surest place that it stands in."""
    texts: dict[str, str] = {}
    for path, text in _scalars(payload, "", 0):
        texts.setdefault(path, text)
        if len(texts) > _MOST:
            break
    told = {}
    for what, places in _WHERE.items():
        found = (text for place in places for path, text in texts.items() if (path == place or path.endswith(f".{place}")) and text)
        if (text := next(found, "")) and not (what == "app" and len(text) > 253):
            told[what] = text
    return told


def _scalars(value: Any, path: str, depth: int) -> Iterator[tuple[str, str]]:
    """Every text with the lower-case path to it, outermost first; of a list of texts the first that is a commit stands for it."""
    if depth > _DEEPEST:
        return
    if isinstance(value, dict):
        inner = [(f"{path}.{_key(key)}".lstrip("."), part) for key, part in list(value.items())[:200]]
        for name, part in inner:
            if not isinstance(part, dict | list):
                yield from _scalars(part, name, depth + 1)
        for name, part in inner:
            if isinstance(part, dict | list):
                yield from _scalars(part, name, depth + 1)
    elif isinstance(value, list):
        texts = [part for part in value[:50] if isinstance(part, str)]
        yield path, next((text for text in texts if _COMMIT.fullmatch(text)), texts[0] if texts else "")
    elif isinstance(value, str | int | float) and not isinstance(value, bool):
        yield path, str(value)[:LONGEST_ANNOTATION]


def _key(key: str) -> str:
    return re.sub(r"[^a-z0-9.]", "", key[:100].lower())


def _at(text: str) -> Instant | None:
    try:
        return instant(_TIME.validate_python(text)) if text else None
    except ValidationError:
        return None
