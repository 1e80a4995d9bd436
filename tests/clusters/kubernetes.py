"""A stand-in for the Kubernetes API with Flux in it: objects with resource versions, merge patches, lists in pages, and controllers.

The controllers do what source-, kustomize- and helm-controller write into a status; times are the test's. Shapes are those of the
API reference at https://fluxcd.io/flux/components/.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable
from typing import Any

import yaml

from bot.refs import Instant, Sha
from bot.world.origin import Origin
from tests.clusters.argocd import stamp
from tests.clusters.http import Loopback

PLURALS = {
    "gitrepositories": ("source.toolkit.fluxcd.io", "v1", "GitRepository"),
    "ocirepositories": ("source.toolkit.fluxcd.io", "v1", "OCIRepository"),
    "kustomizations": ("kustomize.toolkit.fluxcd.io", "v1", "Kustomization"),
    "helmreleases": ("helm.toolkit.fluxcd.io", "v2", "HelmRelease"),
}
REQUESTED = "reconcile.fluxcd.io/requestedAt"
INTERVAL = 600.0
Object = dict[str, Any]


def ready(status: str, reason: str, message: str, now: Instant) -> Object:
    return {"type": "Ready", "status": status, "reason": reason, "message": message, "lastTransitionTime": stamp(now)}


class FakeFlux(Loopback):
    """Fetches and reconciles every ten minutes, or when an object's `requestedAt` is new; a new artefact starts who uses it."""

    def __init__(self, origin: Origin, now: Callable[[], Instant], address: str = "") -> None:
        super().__init__()
        self.origin, self.now, self.address = origin, now, address or origin.folder.as_uri()
        self.objects: dict[tuple[str, str, str], Object] = {}
        self.installed = set(PLURALS)
        self.forbidden: set[tuple[str, str]] = set()
        """(verb, plural) that the token may not."""
        self.page = 500
        self.unhealthy = False
        """Health checks fail."""
        self.broken_charts: set[str] = set()
        """Chart versions whose upgrade fails; Helm then goes back."""
        self._version = 100
        self._due: dict[tuple[str, str, str], Instant] = {}

    # What a test puts in

    def add(self, plural: str, name: str, spec: Object, namespace: str = "flux-system", **meta: Any) -> Object:
        group, version, kind = PLURALS[plural]
        made = {
            "apiVersion": f"{group}/{version}",
            "kind": kind,
            "metadata": {"name": name, "namespace": namespace, "generation": 1, **meta},
            "spec": spec,
            "status": {"observedGeneration": -1},
        }
        self.objects[plural, namespace, name] = made
        self._touched(made)
        self.reconcile((plural, namespace, name))
        return made

    def source(self, name: str = "manifests", **spec: Any) -> Object:
        return self.add("gitrepositories", name, {"url": self.address, "ref": {"branch": self.origin.branch}, "interval": "10m", **spec})

    def kustomization(self, name: str, path: str, source: str = "manifests", **spec: Any) -> Object:
        ref = {"kind": "GitRepository", "name": source}
        return self.add("kustomizations", name, {"path": path, "sourceRef": ref, "interval": "10m", "wait": True, **spec})

    def tick(self) -> None:
        """Time has passed."""
        with self.lock:
            for key in list(self.objects):
                if self.now() >= self._due.get(key, 0.0):
                    self.reconcile(key)

    # What its controllers do

    def reconcile(self, key: tuple[str, str, str]) -> None:
        found = self.objects[key]
        self._due[key] = self.now() + INTERVAL
        if found["spec"].get("suspend"):
            return
        if (asked := found["metadata"].get("annotations", {}).get(REQUESTED)) is not None:
            found["status"]["lastHandledReconcileAt"] = asked
        {"gitrepositories": self._fetch, "kustomizations": self._apply, "helmreleases": self._upgrade}.get(key[0], lambda each: None)(found)
        self._touched(found)

    def _fetch(self, found: Object) -> None:
        branch = (found["spec"].get("ref") or {}).get("branch", "master")
        head = self.origin.head(branch)
        status = found["status"]
        if head is None:
            status["conditions"] = [ready("False", "GitOperationFailed", f"couldn't find remote ref {branch!r}", self.now())]
            return
        revision = f"{branch}@sha1:{head}"
        status |= {"observedGeneration": found["metadata"]["generation"], "artifact": {"revision": revision}}
        status["conditions"] = [ready("True", "Succeeded", f"stored artifact for revision '{revision}'", self.now())]
        self._start("kustomizations", lambda each: each["spec"]["sourceRef"]["name"] == found["metadata"]["name"])

    def _start(self, plural: str, fits: Callable[[Object], bool]) -> None:
        for key, each in list(self.objects.items()):
            if key[0] == plural and fits(each):
                self._due[key] = self.now()

    def _apply(self, found: Object) -> None:
        ref = found["spec"]["sourceRef"]
        plural = next(plural for plural, (_, _, kind) in PLURALS.items() if kind == ref["kind"])
        source = self.objects.get((plural, ref.get("namespace", found["metadata"]["namespace"]), ref["name"]))
        artifact = (source or {}).get("status", {}).get("artifact")
        status = found["status"]
        status["observedGeneration"] = found["metadata"]["generation"]
        if artifact is None:
            status["conditions"] = [ready("False", "ArtifactFailed", "Source artifact not found, retrying in 30s", self.now())]
            return
        revision, origin = artifact["revision"], (artifact.get("metadata") or {}).get("org.opencontainers.image.revision")
        commit = Sha((origin or revision).rpartition(":")[2])
        files = self._files(commit, found["spec"].get("path", "./"))
        status["lastAttemptedRevision"] = revision
        said = {"revision": revision} | ({"originRevision": origin} if origin else {})
        reason = "HealthCheckFailed" if self.unhealthy else "ReconciliationSucceeded"
        self._remember(status, hashlib.sha256(repr(files).encode()).hexdigest(), reason, said)
        self._write(found, files)
        if self.unhealthy:
            message = "health check failed after 30s: timeout waiting for: [Deployment/shop/checkout status: 'InProgress']"
            status["conditions"] = [ready("False", reason, message, self.now())]
            return
        status["lastAppliedRevision"] = revision
        if origin:
            status["lastAppliedOriginRevision"] = origin
        status["conditions"] = [ready("True", reason, f"Applied revision: {revision}", self.now())]

    def _remember(self, status: Object, digest: str, reason: str, said: Object) -> None:
        """As `History.Upsert` of fluxcd/pkg/apis/meta: one entry for a digest and status, moved to the front."""
        history = status.setdefault("history", [])
        entry = next((each for each in history if (each["digest"], each["lastReconciledStatus"]) == (digest, reason)), None)
        if entry is None:
            entry = {"digest": digest, "firstReconciled": stamp(self.now()), "lastReconciledStatus": reason, "totalReconciliations": 0}
        else:
            history.remove(entry)
        entry |= {"lastReconciled": stamp(self.now()), "lastReconciledDuration": "2s", "metadata": said}
        entry["totalReconciliations"] += 1
        history.insert(0, entry)
        del history[5:]

    def _write(self, owner: Object, files: Iterable[bytes]) -> None:
        """Apply what is Flux' own among the files."""
        labels = {f"kustomize.toolkit.fluxcd.io/{key}": owner["metadata"][key] for key in ("name", "namespace")}
        for file in files:
            for told in yaml.safe_load_all(file):
                plural = {"HelmRelease": "helmreleases"}.get(told.get("kind", "") if isinstance(told, dict) else "")
                if plural is None:
                    continue
                meta = told["metadata"]
                key = (plural, meta.get("namespace", owner["metadata"]["namespace"]), meta["name"])
                if key not in self.objects:
                    self.add(plural, meta["name"], told["spec"], key[1], labels=labels)
                elif self.objects[key]["spec"] != told["spec"]:
                    self.objects[key]["spec"] = told["spec"]
                    self.objects[key]["metadata"]["generation"] += 1
                    self._touched(self.objects[key])
                    self._due[key] = self.now() + 5

    def _upgrade(self, found: Object) -> None:
        chart, status = found["spec"]["chart"]["spec"], found["status"]
        version, history = chart["version"], status.setdefault("history", [])
        status |= {"observedGeneration": found["metadata"]["generation"], "lastAttemptedRevision": version}
        if history and history[0]["chartVersion"] == version and history[0]["status"] == "deployed":
            return
        stands = next((each for each in history if each["status"] == "deployed"), None)
        if version in self.broken_charts and stands is not None:
            history[:] = [
                self._release(stands["chartVersion"], len(history) + 2, "deployed"),
                self._release(version, len(history) + 1, "failed"),
            ]
            remedied = {
                "type": "Remediated",
                "status": "True",
                "reason": "RollbackSucceeded",
                "message": "Helm rollback to previous release",
            }
            status["conditions"] = [
                ready("False", "RollbackSucceeded", "Helm rollback to previous release succeeded", self.now()),
                remedied,
            ]
            return
        history.insert(0, self._release(version, len(history) + 1, "deployed"))
        status["conditions"] = [ready("True", "UpgradeSucceeded", f"Helm upgrade succeeded for release with chart {version}", self.now())]

    def _release(self, version: str, number: int, status: str) -> Object:
        return {"version": number, "chartVersion": version, "status": status, "lastDeployed": stamp(self.now())}

    def _files(self, commit: Sha, path: str) -> list[bytes]:
        names = [(commit, each) for each in self.origin.paths(commit, path.strip("./"))]
        return [file or b"" for file in self.origin.read(names)]

    # What its API answers

    def answer(self, method: str, path: str, query: dict[str, str], headers: dict[str, str], body: Any) -> tuple[int, Any]:
        if path == "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews":
            asked = body["spec"]["resourceAttributes"]
            return 201, {"kind": "SelfSubjectAccessReview", "status": {"allowed": (asked["verb"], asked["resource"]) not in self.forbidden}}
        match = re.fullmatch(r"/apis/([^/]+)/([^/]+)(?:/namespaces/([^/]+))?/([a-z]+)(?:/([^/]+))?", path)
        known = PLURALS.get(match[4]) if match else None
        if match is None or known is None or known[:2] != (match[1], match[2]) or match[4] not in self.installed:
            return 404, _status(404, "the server could not find the requested resource")
        verb = {"GET": "get" if match[5] else "list", "PATCH": "patch"}[method]
        if (verb, match[4]) in self.forbidden:
            return 403, _status(403, f'{match[4]}.{match[1]} is forbidden: User "rollbot" cannot {verb} resource "{match[4]}"')
        if verb == "list":
            return self._list(match[4], known[2], int(query.get("limit", "500")), int(query.get("continue", "0")))
        found = self.objects.get((match[4], match[3], match[5]))
        if found is None:
            return 404, _status(404, f'{match[4]} "{match[5]}" not found')
        return self._patched((match[4], match[3], match[5]), headers, body) if verb == "patch" else (200, found)

    def _list(self, plural: str, kind: str, limit: int, start: int) -> tuple[int, Any]:
        every = [each for (its, _, _), each in sorted(self.objects.items()) if its == plural]
        limit = min(limit, self.page)
        shown = [{key: value for key, value in each.items() if key not in ("kind", "apiVersion")} for each in every[start : start + limit]]
        more = {"continue": str(start + limit)} if start + limit < len(every) else {}
        return 200, {"kind": f"{kind}List", "metadata": {"resourceVersion": str(self._version), **more}, "items": shown}

    def _patched(self, key: tuple[str, str, str], headers: dict[str, str], body: Any) -> tuple[int, Any]:
        if headers.get("Content-Type") != "application/merge-patch+json":
            return 415, _status(415, "the body of the request was in an unknown format")
        found = self.objects[key]
        wanted = body.get("metadata", {}).get("resourceVersion")
        if wanted not in (None, found["metadata"]["resourceVersion"]):
            return 409, _status(409, "the object has been modified; please apply your changes to the latest version")
        before = found["metadata"].get("annotations", {}).get(REQUESTED)
        _merge(found, body)
        self._touched(found)
        if found["metadata"].get("annotations", {}).get(REQUESTED) != before:
            self.reconcile(key)
        return 200, found

    def _touched(self, found: Object) -> None:
        self._version += 1
        found["metadata"]["resourceVersion"] = str(self._version)


def _merge(into: Object, patch: Object) -> None:
    """RFC 7386."""
    for key, value in patch.items():
        if value is None:
            into.pop(key, None)
        elif isinstance(value, dict):
            _merge(into.setdefault(key, {}), value)
        else:
            into[key] = value


def _status(code: int, message: str) -> Object:
    return {"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": message, "code": code}
