"""A stand-in for Argo CD: Applications with state, which compare with and apply a real Git repository, over its REST API.

Shapes are those of `assets/swagger.json` and `types.go` of argoproj/argo-cd; only what Rollbot asks for is there.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from bot.refs import Instant, Sha
from bot.world.origin import Origin
from tests.clusters.http import Loopback

POLL = 180.0


def stamp(at: Instant) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass
class App:
    """One Application. `live` is what was applied; `stuck` makes its operations run for ever."""

    name: str
    spec: dict[str, Any]
    namespace: str = "argocd"
    metadata: dict[str, Any] = field(default_factory=dict)
    live: dict[str, bytes | None] | None = None
    sync: dict[str, Any] = field(default_factory=dict)
    history: list[dict[str, Any]] = field(default_factory=list)
    operation: dict[str, Any] | None = None
    health: str = "Healthy"
    health_message: str = ""
    nodes: list[dict[str, Any]] = field(default_factory=list)
    stuck: bool = False
    window: bool = True
    hydrator: dict[str, Any] | None = None
    conditions: list[dict[str, Any]] = field(default_factory=list)

    @property
    def automated(self) -> bool:
        said = (self.spec.get("syncPolicy") or {}).get("automated")
        return said is not None and said.get("enabled") is not False

    def document(self) -> dict[str, Any]:
        status: dict[str, Any] = {"sync": self.sync, "health": {"status": self.health}, "history": self.history}
        if self.health_message:
            status["health"]["message"] = self.health_message
        if self.operation is not None:
            status["operationState"] = self.operation
        if self.hydrator is not None:
            status["sourceHydrator"] = self.hydrator
        if self.conditions:
            status["conditions"] = self.conditions
        meta = {"name": self.name, "namespace": self.namespace, **self.metadata}
        return {"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": meta, "spec": self.spec, "status": status}


class FakeArgo(Loopback):
    """Polls Git every three minutes, as Argo CD does; `refresh=normal` makes it look now. An operation takes `takes` seconds."""

    def __init__(self, origin: Origin, now: Callable[[], Instant], address: str = "") -> None:
        super().__init__()
        self.origin, self.now, self.address = origin, now, address or origin.folder.as_uri()
        self.apps: dict[str, App] = {}
        self.takes = 10.0
        self.applied: list[tuple[str, Sha]] = []
        """What was applied, oldest first."""
        self.denied: set[str] = set()
        self.made: dict[str, tuple[str, ...]] = {}
        """ApplicationSets, and the Applications that they made."""
        self._polled = now()

    def add(self, name: str, path: str | None = None, automated: bool = True, **spec: Any) -> App:
        """An Application; with `path`, of the repository's branch."""
        said: dict[str, Any] = {"project": "default", "destination": {"server": "https://kubernetes.default.svc", "namespace": "shop"}}
        if path is not None:
            said["source"] = {"repoURL": self.address, "path": path, "targetRevision": self.origin.branch}
        if automated:
            said["syncPolicy"] = {"automated": {"selfHeal": True}}
        app = self.apps[name] = App(name, {**said, **spec})
        self.compare(app)
        if app.operation is None and not app.automated:
            self.start(app)
        self._finish(app)
        return app

    def tick(self) -> None:
        """Time has passed."""
        with self.lock:
            if poll := self.now() - self._polled >= POLL:
                self._polled = self.now()
            for app in self.apps.values():
                state = app.operation
                if state and state["phase"] == "Running" and not app.stuck and self.now() - state["began"] >= self.takes:
                    self._finish(app)
                if poll:
                    self.compare(app)

    def compare(self, app: App) -> None:
        """Look at Git; where it differs from what is live and nothing is under way, an automated one begins a sync."""
        revisions = self._revisions(app)
        synced = app.live == self._wanted(app, revisions)
        compared = {key: deepcopy(app.spec[key]) for key in ("source", "sources") if key in app.spec}
        app.sync = {"status": "Synced" if synced else "OutOfSync", "comparedTo": compared, **_said(app, revisions)}
        state = app.operation
        busy = state is not None and state["phase"] == "Running"
        failed = (
            state is not None
            and state["phase"] in ("Failed", "Error")
            and state["syncResult"] == {**state["syncResult"], **_said(app, revisions)}
        )
        if not synced and app.automated and app.window and not busy and not failed:
            self.start(app)

    def start(self, app: App) -> None:
        said = _said(app, self._revisions(app))
        app.operation = {
            "phase": "Running",
            "message": "waiting for completion of hook batch/Job/migrate",
            "startedAt": stamp(self.now()),
            "began": self.now(),
            "operation": {"sync": dict(said)},
            "syncResult": {**said, "resources": []},
        }

    def answer(self, method: str, path: str, query: dict[str, str], headers: dict[str, str], body: Any) -> tuple[int, Any]:
        if path == "/api/v1/session/userinfo":
            return 200, {"loggedIn": True, "username": "rollbot"}
        if match := re.fullmatch(r"/api/v1/account/can-i/applications/(\w+)/.*", path):
            return 200, {"value": "no" if match[1] in self.denied else "yes"}
        if path == "/api/v1/applications":
            wanted = query.get("fields", "").split(",")
            return 200, {"metadata": {"resourceVersion": "1"}, "items": [_narrowed(app.document(), wanted) for app in self.apps.values()]}
        if match := re.fullmatch(r"/api/v1/applicationsets/([^/]+)", path):
            made = [{"kind": "Application", "name": name, "status": "Synced"} for name in self.made.get(match[1], ())]
            return (200, {"status": {"resources": made}}) if match[1] in self.made else (403, {"message": "permission denied"})
        match = re.fullmatch(r"/api/v1/applications/([^/]+)(/\S+)?", path)
        app = self.apps.get(match[1]) if match else None
        if match is None or app is None or query.get("appNamespace", app.namespace) != app.namespace:
            return 403, {"error": "permission denied", "code": 7, "message": "permission denied"}
        return self._of(app, method, match[2] or "", query)

    def _of(self, app: App, method: str, what: str, query: dict[str, str]) -> tuple[int, Any]:
        if (method, what) == ("DELETE", "/operation"):
            if "sync" in self.denied:
                return 403, {"error": "permission denied", "code": 7, "message": "permission denied: applications, sync"}
            if app.operation is None or app.operation["phase"] != "Running":
                return 400, {"error": "Unable to terminate operation. No operation is in progress", "code": 9}
            app.operation |= {"phase": "Failed", "message": "Operation terminated", "finishedAt": stamp(self.now())}
            app.stuck = False
            self.compare(app)
            return 200, {}
        if what == "/resource-tree":
            return 200, {"nodes": app.nodes or None}
        if what == "/syncwindows":
            return 200, {"canSync": app.window}
        if query.get("refresh") == "normal":
            self.compare(app)
        return (200, app.document()) if not what else (404, {"error": "Not Found", "code": 5})

    def _finish(self, app: App) -> None:
        state = app.operation
        if state is None:
            return
        result = {key: value for key, value in state["syncResult"].items() if key in ("revision", "revisions")}
        revisions = [result["revision"]] if "revision" in result else result["revisions"]
        app.operation = state | {"phase": "Succeeded", "message": "successfully synced (all tasks run)", "finishedAt": stamp(self.now())}
        app.live = self._wanted(app, revisions)
        sources = {key: deepcopy(app.spec[key]) for key in ("source", "sources") if key in app.spec}
        entry = {"id": len(app.history), "deployedAt": stamp(self.now()), "deployStartedAt": state["startedAt"], **result, **sources}
        app.history = [*app.history, entry][-10:]
        self.applied.append((app.name, Sha(revisions[0])))
        self.compare(app)

    def _sources(self, app: App) -> list[dict[str, Any]]:
        return app.spec.get("sources") or [app.spec["source"]]

    def _revisions(self, app: App) -> list[str]:
        """Each source's revision: a commit of ours, or a chart's version."""
        return [self._head(each) if each["repoURL"] == self.address else each["targetRevision"] for each in self._sources(app)]

    def _head(self, source: dict[str, Any]) -> str:
        ref = source.get("targetRevision") or "HEAD"
        return self.origin.head(None if ref == "HEAD" else ref) or ref

    def _wanted(self, app: App, revisions: list[str]) -> dict[str, bytes | None]:
        wanted: dict[str, bytes | None] = {}
        for source, revision in zip(self._sources(app), revisions, strict=True):
            if source["repoURL"] != self.address:
                wanted[source.get("chart", "")] = revision.encode()
                continue
            folder = source.get("path", "").strip("./")
            names = [(Sha(revision), path) for path in self.origin.paths(Sha(revision), folder)]
            wanted |= {path: file for (_, path), file in zip(names, self.origin.read(names), strict=True)}
        return wanted


def _said(app: App, revisions: list[str]) -> dict[str, Any]:
    return {"revisions": revisions} if app.spec.get("sources") else {"revision": revisions[0]}


def _narrowed(document: dict[str, Any], wanted: list[str]) -> dict[str, Any]:
    """As `forwarder_overwrite.go` does: only what was asked for, and nothing else of an item."""
    meta = {key: value for key, value in document["metadata"].items() if f"items.metadata.{key}" in wanted}
    return {"metadata": meta} | ({"spec": document["spec"]} if "items.spec" in wanted else {})
