"""How Flux is reached: a kubeconfig or a pod's account, and a Receiver's webhook instead of patching."""

from __future__ import annotations

import base64
import hashlib
import hmac
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.adapters.clusters.flux.access import of_kubeconfig, of_pod
from bot.adapters.clusters.flux.cluster import FluxCluster
from bot.adapters.clusters.flux.receiver import Receiver
from bot.errors import BadConfig, Refused, Unavailable
from tests.clusters.http import TOKEN, Loopback
from tests.clusters.kubernetes import FakeFlux
from tests.clusters.town import PROD, Town


class Hook(Loopback):
    """The webhook of a `generic-hmac` Receiver; it takes no bearer token."""

    def serve(self, method: str, target: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes, bool]:
        good = headers.get("X-Signature") == f"sha256={hmac.new(b'shared', body, hashlib.sha256).hexdigest()}"
        self.asked.append(f"{method} {target}")
        return (self.fault.status if self.fault else 200 if good else 400), b"", False


def test_a_receiver_is_called_instead_of_patching(town: Town, flux: FakeFlux, kubernetes: FluxCluster) -> None:
    flux.kustomization("apps", f"./{PROD}")
    with Hook() as hook:
        kubernetes.receiver = Receiver(f"{hook.url}/hook/secretpath", "shared")
        said = kubernetes.hasten(town.service(), town.bump("1.1.0"))

        assert said == ("Flux' Receiver was called",) and hook.asked == ["POST /hook/secretpath"]
        assert not [asked for asked in flux.asked if asked.startswith("PATCH")]
        with pytest.raises(Refused) as refused:
            Receiver(f"{hook.url}/hook/secretpath", "another")()
        assert "secretpath" not in str(refused.value)
    with pytest.raises(Unavailable) as away:
        Receiver(f"{hook.url}/hook/secretpath")()
    assert "secretpath" not in str(away.value)


def kubeconfig(folder: Path, user: dict[str, Any], **cluster: Any) -> Path:
    told = {
        "current-context": "prod",
        "contexts": [{"name": "dev", "context": {}}, {"name": "prod", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": {"server": "https://k8s.example:6443", **cluster}}],
        "users": [{"name": "u", "user": user}],
    }
    (folder / "kubeconfig").write_text(yaml.safe_dump(told))
    return folder / "kubeconfig"


def test_a_kubeconfig_says_where_and_with_which_token(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("first\n")
    data = base64.b64encode(b"-----BEGIN CERTIFICATE-----\n").decode()
    found = of_kubeconfig(kubeconfig(tmp_path, {"tokenFile": "token"}, **{"certificate-authority-data": data}), tmp_path / "cache")
    first = found.token()
    (tmp_path / "token").write_text("second\n")

    assert (found.url, first, found.token()) == ("https://k8s.example:6443", "first", "second")
    assert Path(str(found.verify)).read_text() == "-----BEGIN CERTIFICATE-----\n"
    assert TOKEN not in repr(of_kubeconfig(kubeconfig(tmp_path, {"token": TOKEN}), tmp_path))


@pytest.mark.parametrize(
    ("user", "cluster", "says"),
    [
        pytest.param({"exec": {"command": "aws"}}, {}, "no token", id="a command"),
        pytest.param({"client-certificate-data": "x"}, {}, "no token", id="a certificate"),
        pytest.param({"token": "x"}, {"insecure-skip-tls-verify": True}, "certificate", id="no check"),
        pytest.param({"token": "x"}, {"server": "http://k8s.example"}, "https", id="in the clear"),
        pytest.param({"token": "x"}, {"certificate-authority-data": "%"}, "base64", id="a broken CA"),
    ],
)
def test_a_kubeconfig_that_will_not_do_says_why(tmp_path: Path, user: dict[str, Any], cluster: dict[str, Any], says: str) -> None:
    with pytest.raises(BadConfig, match=says):
        of_kubeconfig(kubeconfig(tmp_path, user, **cluster), tmp_path)


def test_what_is_no_kubeconfig_and_no_pod_says_so(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("a: [")

    for path in (tmp_path / "x", tmp_path / "missing", tmp_path):
        with pytest.raises(BadConfig, match="cannot be read"):
            of_kubeconfig(path, tmp_path)
    with pytest.raises(BadConfig, match="in-cluster"):
        of_pod(tmp_path)
    (tmp_path / "token").write_text("t")
    assert of_pod(tmp_path).token() == "t"
