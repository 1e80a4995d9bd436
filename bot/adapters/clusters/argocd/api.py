"""Argo CD's REST API: the calls we make, and no other.

Paths and fields are those of its own description (`assets/swagger.json` of argoproj/argo-cd, ApplicationService).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from bot.adapters.clusters.answers import at, is_name, items, text
from bot.adapters.clusters.wire import Wire
from bot.errors import Unavailable

FIELDS = "items.metadata.name,items.metadata.namespace,items.spec"
"""What the list is narrowed to (`forwarder_overwrite.go`); a server that does not know the parameter answers it all."""
REFRESH_TIMEOUT = 45.0
"""The server answers `?refresh=normal` only once the Application was compared anew."""


class ArgoApi:
    """Raises Unavailable and Refused, as `Wire` does."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire

    def applications(self) -> list[dict[str, Any]]:
        """All that the token may see, with name, namespace and spec. None at all is `items: null` beside the list's metadata."""
        answer = self.wire.get("/api/v1/applications", {"fields": FIELDS})
        if isinstance(answer.get("metadata"), dict) and isinstance(answer.get("items", ""), list | None):
            return [each for each in items(answer, "items") if is_name(text(each, "metadata", "name"))]
        raise Unavailable(f"{self.wire.shown} answered something that is no list of Applications")

    def application(self, named: Mapping[str, Any], refresh: bool = False) -> dict[str, Any]:
        """One of them whole. `refresh`: compare it with Git now; that needs no more right than reading it."""
        timeout = REFRESH_TIMEOUT if refresh else None
        found = self.wire.get(self._path(named), self._where(named) | ({"refresh": "normal"} if refresh else {}), timeout)
        if not isinstance(at(found, "spec"), dict) or text(found, "metadata", "name") != text(named, "metadata", "name"):
            raise Unavailable(f"{self.wire.shown} answered something that is no Application")
        return found

    def nodes(self, named: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The live objects of an Application, each with its health where it has one."""
        return items(self.wire.get(f"{self._path(named)}/resource-tree", self._where(named)), "nodes")

    def made_by(self, applicationset: str) -> tuple[str, ...]:
        """The names of the Applications that an ApplicationSet makes (`status.resources`). Needs `get` on applicationsets."""
        found = self.wire.get(f"/api/v1/applicationsets/{quote(applicationset, safe='')}")
        return tuple(text(each, "name") for each in items(found, "status", "resources") if text(each, "kind") == "Application")

    def may_sync(self, named: Mapping[str, Any]) -> bool:
        """Whether its sync windows let it sync by itself now."""
        return self.wire.get(f"{self._path(named)}/syncwindows", self._where(named)).get("canSync") is not False

    def end_operation(self, named: Mapping[str, Any]) -> None:
        """Needs the right `sync` on the Application."""
        self.wire.call("DELETE", f"{self._path(named)}/operation", self._where(named))

    def user(self) -> str:
        """Whose token it is, "" where it is nobody's."""
        found = self.wire.get("/api/v1/session/userinfo")
        return text(found, "username") if found.get("loggedIn") is True else ""

    def can(self, action: str) -> bool:
        """Whether the token may do that to Applications (of some project)."""
        return text(self.wire.get(f"/api/v1/account/can-i/applications/{action}/*"), "value") == "yes"

    def _path(self, named: Mapping[str, Any]) -> str:
        return f"/api/v1/applications/{quote(text(named, 'metadata', 'name'), safe='')}"

    def _where(self, named: Mapping[str, Any]) -> dict[str, str]:
        namespace = text(named, "metadata", "namespace")
        return {"appNamespace": namespace} if namespace else {}
