"""Flux's events (notification-controller, providers `generic-hmac` and `generic`) → alerts, and hints that something was applied.

https://fluxcd.io/flux/components/notification/events/. Since notification-controller 1.0 metadata come without the group before their
names (`revision`), before with it (`kustomize.toolkit.fluxcd.io/revision`); revisions are `main@sha1:<sha>`, before that `main/<sha>`.
"""

from __future__ import annotations

import re
from datetime import datetime

from pydantic import Field

from bot.refs import Instant
from bot.signals.payload import Part, Text, Texts, event, instant, read
from bot.signals.signal import Alert, ChangeEvent, Ignored, applied

SOURCE = "flux"
_APPLIERS = {"Kustomization": "kustomization", "HelmRelease": "helm_release"}
_ENDS = frozenset(("ReconciliationSucceeded", "HealthCheckSucceeded", "InstallSucceeded", "UpgradeSucceeded", "TestSucceeded"))
_ELSEWHERE = {
    "DependencyNotReady": "it waits for another object",
    "ArtifactFailed": "its source could not be had, which is no symptom of a release",
    "UninstallFailed": "what was taken away is no release",
}
_COMMIT = re.compile(r"(?:^|[@/:])([0-9a-f]{40}(?:[0-9a-f]{24})?)$")
_WORKLOAD = re.compile(r"\b(Deployment|StatefulSet|DaemonSet)/([a-z0-9][a-z0-9-]{0,62})/([a-z0-9][a-z0-9.-]{0,252})")


class _Object(Part):
    kind: Text
    name: Text
    namespace: Text = ""
    uid: Text = ""


class _Event(Part):
    object: _Object = Field(alias="involvedObject")
    metadata: Texts = Field(default_factory=dict)
    severity: Text = ""
    reason: Text = ""
    message: Text = ""
    timestamp: datetime | None = None


def parse(body: bytes, received_at: Instant) -> tuple[Alert | ChangeEvent, ...] | Ignored:
    """Read one event. Raises Refused for what is none, saying where it differs."""
    told = read(_Event, body, "an event of Flux")
    what = told.object
    if what.kind not in _APPLIERS:
        return Ignored(f"{what.kind[:60]} applies nothing")
    failed = told.severity == "error"
    if failed and told.reason in _ELSEWHERE:
        return Ignored(f"{told.reason}: {_ELSEWHERE[told.reason]}")
    if not failed and told.reason not in _ENDS:
        return Ignored(f"{told.reason[:60] or 'an event without a reason'} is neither trouble nor its end")
    metadata = {name.rpartition("/")[2]: text for name, text in told.metadata.items()}
    revision = _revision(metadata.get("revision", ""))
    alert = event(
        SOURCE,
        f"Flux{told.reason or 'Failed'}",
        firing=failed,
        about=(what.uid,) if what.uid else (metadata.get("cluster", ""), what.kind, what.namespace, what.name),
        which=(metadata.get("revision", ""),) if failed else (),
        at=instant(told.timestamp),
        received_at=received_at,
        labels={
            **{name: text for name, text in metadata.items() if name not in ("token", "summary")},
            **_blamed(told.message, what),
            "kind": what.kind,
            _APPLIERS[what.kind]: what.name,
            "revision": revision,
        },
        severity=told.severity,
        summary=metadata.get("summary") or told.message,
    )
    return (alert,) if failed else (alert, applied(alert, revision))


def _revision(text: str) -> str:
    """The commit where it is one; a chart's version or an artefact's `tag@sha256:…` as it is."""
    commit = _COMMIT.search(text)
    return commit[1] if commit and "sha256:" not in text else text


def _blamed(message: str, what: _Object) -> dict[str, str]:
    """The one workload that the message names: a Kustomization may apply many. Its own namespace where that says nothing."""
    found = dict.fromkeys((kind, namespace, name.rstrip(".")) for kind, namespace, name in _WORKLOAD.findall(message[:4096]))
    if len(found) != 1:
        return {"namespace": what.namespace}
    ((kind, namespace, name),) = found
    return {"namespace": namespace, kind.lower(): name}
