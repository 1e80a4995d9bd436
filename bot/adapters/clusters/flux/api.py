"""The Kubernetes API: listing Flux's objects, and asking one of them to reconcile now.

https://kubernetes.io/docs/reference/using-api/api-concepts/ (lists and their `continue`, merge patches),
https://fluxcd.io/flux/components/kustomize/kustomizations/#triggering-a-reconcile (`reconcile.fluxcd.io/requestedAt`).
"""

from __future__ import annotations

from typing import Any

from bot.adapters.clusters.answers import at, is_name, items, text
from bot.adapters.clusters.wire import Absent, Wire
from bot.errors import Refused, Unavailable

KINDS = {
    "GitRepository": ("source.toolkit.fluxcd.io", ("v1", "v1beta2"), "gitrepositories"),
    "OCIRepository": ("source.toolkit.fluxcd.io", ("v1", "v1beta2"), "ocirepositories"),
    "Kustomization": ("kustomize.toolkit.fluxcd.io", ("v1", "v1beta2"), "kustomizations"),
    "HelmRelease": ("helm.toolkit.fluxcd.io", ("v2", "v2beta2"), "helmreleases"),
}
"""Kind → group, versions that are looked for, newest first, plural."""
REQUESTED = "reconcile.fluxcd.io/requestedAt"
MERGE_PATCH = "application/merge-patch+json"
PAGE, MOST_PAGES = "500", 100


class FluxApi:
    """Raises Unavailable and Refused, as `Wire` does."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire

    def listed(self, kind: str) -> list[dict[str, Any]]:
        """Every object of a kind in all namespaces; none where that part of Flux is not installed."""
        for version in KINDS[kind][1]:
            try:
                return self._pages(kind, version)
            except Absent:
                continue
        if kind in ("GitRepository", "Kustomization"):
            raise Refused(f"{self.wire.shown} knows no {kind} of Flux: is Flux installed there?")
        return []

    def request(self, found: dict[str, Any], value: str) -> bool:
        """Annotate it, so that its controller reconciles now; False where it carries this value already. Any value that is new will do."""
        meta = at(found, "metadata")
        if at(meta, "annotations", REQUESTED) == value:
            return False
        group, version, plural = (
            text(found, "apiVersion").partition("/")[0],
            text(found, "apiVersion").partition("/")[2],
            KINDS[found["kind"]][2],
        )
        path = f"/apis/{group}/{version}/namespaces/{text(meta, 'namespace')}/{plural}/{text(meta, 'name')}"
        self.wire.call("PATCH", path, body={"metadata": {"annotations": {REQUESTED: value}}}, content=MERGE_PATCH)
        return True

    def can(self, verb: str, kind: str) -> bool:
        """Whether the token may do that to objects of the kind, in all namespaces (SelfSubjectAccessReview)."""
        group, _, plural = KINDS[kind]
        review = {"resourceAttributes": {"verb": verb, "group": group, "resource": plural}}
        asked = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview", "spec": review}
        answer = self.wire.call("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", body=asked)
        return at(answer, "status", "allowed") is True

    def _pages(self, kind: str, version: str) -> list[dict[str, Any]]:
        """An item of a list has neither kind nor version of its own: they are the list's."""
        group, _, plural = KINDS[kind]
        found: list[dict[str, Any]] = []
        more = ""
        for _ in range(MOST_PAGES):
            page = self.wire.get(f"/apis/{group}/{version}/{plural}", {"limit": PAGE} | ({"continue": more} if more else {}))
            if text(page, "kind") != f"{kind}List" or not isinstance(page.get("items"), list):
                raise Unavailable(f"{self.wire.shown} answered something that is no list of {kind}s")
            said = [each | {"kind": kind, "apiVersion": f"{group}/{version}"} for each in items(page, "items")]
            found += [each for each in said if all(is_name(text(each, "metadata", key)) for key in ("name", "namespace"))]
            more = text(page, "metadata", "continue")
            if not more:
                return found
        raise Unavailable(f"{self.wire.shown} has more than {MOST_PAGES} pages of {kind}s")
