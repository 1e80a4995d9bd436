"""A kubeconfig, or a pod's service account → where the Kubernetes API is, and how it is reached.

https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/,
https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/#directly-accessing-the-rest-api
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from bot.adapters.clusters.answers import items, text
from bot.adapters.clusters.wire import Wire
from bot.errors import BadConfig, Unavailable

IN_CLUSTER = "in-cluster"
ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_HINT = "a context whose user has a token or tokenFile, such as that of a service account (docs/clusters.md)"


@dataclass(frozen=True, slots=True)
class Access:
    """`verify` is a CA's file, True for the system's. `token` is read anew at every request: a service account's changes."""

    url: str
    verify: str | bool
    token: Callable[[], str] = field(repr=False)

    def wire(self, timeout: float = 10.0) -> Wire:
        return Wire(self.url, "Kubernetes", self.token, self.verify, timeout)


def of_pod(account: Path = ACCOUNT) -> Access:
    """The pod's own service account. Raises BadConfig where this is no pod, or none is mounted."""
    if not (account / "token").exists():
        raise BadConfig(f"ROLLBOT_FLUX_KUBECONFIG={IN_CLUSTER}, but there is no {account}/token", hint="automountServiceAccountToken: true")
    return Access("https://kubernetes.default.svc", str(account / "ca.crt"), _from_file(account / "token"))


def of_kubeconfig(path: Path, cache: Path) -> Access:
    """The current context of a kubeconfig. A CA that stands in it goes into a file in `cache`. Raises BadConfig."""
    try:
        found = yaml.safe_load(path.read_text())
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadConfig(f"ROLLBOT_FLUX_KUBECONFIG: {path} cannot be read: {type(error).__name__}") from error
    context = _named(found, "contexts", text(found, "current-context"), "context", path)
    cluster = _named(found, "clusters", text(context, "cluster"), "cluster", path)
    user = _named(found, "users", text(context, "user"), "user", path)
    url = text(cluster, "server")
    if not url.startswith(("https://", "http://127.0.0.1:", "http://localhost:")):
        raise BadConfig(f"ROLLBOT_FLUX_KUBECONFIG: {path} names no https:// server", hint="clusters[].cluster.server")
    if cluster.get("insecure-skip-tls-verify") is True:
        raise BadConfig(
            f"ROLLBOT_FLUX_KUBECONFIG: {path} turns off the check of the server's certificate", hint="certificate-authority-data"
        )
    return Access(url, _authority(cluster, path, cache), _token(user, path))


def _named(found: Any, kind: str, name: str, key: str, path: Path) -> dict[str, Any]:
    for each in items(found, kind):
        if name and text(each, "name") == name and isinstance(each.get(key), dict):
            return dict(each[key])
    raise BadConfig(
        f"ROLLBOT_FLUX_KUBECONFIG: {path} has no {key} {name!r}", hint="kubectl config view --minify --flatten makes a whole one"
    )


def _authority(cluster: dict[str, Any], path: Path, cache: Path) -> str | bool:
    if file := text(cluster, "certificate-authority"):
        return str(path.parent / file)
    if not (told := text(cluster, "certificate-authority-data")):
        return True
    try:
        pem = base64.b64decode(told, validate=True)
    except (ValueError, binascii.Error) as error:
        raise BadConfig(f"ROLLBOT_FLUX_KUBECONFIG: {path} holds a certificate-authority-data that is no base64") from error
    kept = cache / f"kubernetes-{hashlib.sha256(pem).hexdigest()[:16]}.pem"
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_bytes(pem)
    return str(kept)


def _token(user: dict[str, Any], path: Path) -> Callable[[], str]:
    if file := text(user, "tokenFile"):
        return _from_file(path.parent / file)
    if token := text(user, "token"):
        return lambda: token
    raise BadConfig(f"ROLLBOT_FLUX_KUBECONFIG: the user in {path} has no token (commands and client certificates are not used)", hint=_HINT)


def _from_file(file: Path) -> Callable[[], str]:
    def read() -> str:
        try:
            return file.read_text().strip()
        except (OSError, UnicodeDecodeError) as error:
            raise Unavailable(f"the token in {file} cannot be read: {type(error).__name__}") from error

    return read
