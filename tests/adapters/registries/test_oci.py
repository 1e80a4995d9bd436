"""Is an image there? Asked of a registry that hands out tokens, and of a real one where Debian's is installed."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from bot.adapters.registries.oci import OciRegistries, located, parsed
from bot.errors import BadConfig, Refused, Unavailable
from bot.refs import Digest, ImageRef

DIGEST = Digest("sha256:" + "a" * 64)
BASIC = "Basic " + base64.b64encode(b"rollbot:a-secret").decode()


class Registry:
    """Keeps tags, and gives whoever logs in a token for one repository; `status` is what it answers instead, where it is set."""

    def __init__(self) -> None:
        self.tags = {("shop/checkout", "2.7.9"), ("shop/checkout", DIGEST)}
        self.status, self.realm, self.token_text = 0, "", ""
        self.asked: list[str] = []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.host = f"127.0.0.1:{self.server.server_port}"

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        registry = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: object) -> None: ...

            def do_GET(self) -> None:
                registry.asked.append(self.path)
                scope = parse_qs(urlsplit(self.path).query).get("scope", [""])[0]
                known = self.headers.get("Authorization") == BASIC
                text = registry.token_text or json.dumps({"token": f"for:{scope}"})
                self._answer(200 if known else 401, body=text.encode() if known else b"{}")

            def do_HEAD(self) -> None:
                registry.asked.append(self.path)
                name, _, reference = self.path.removeprefix("/v2/").partition("/manifests/")
                if registry.status:
                    self._answer(registry.status, {"Location": "http://127.0.0.1:1/"})
                elif self.headers.get("Authorization") != f"Bearer for:repository:{name}:pull":
                    realm = registry.realm or f"http://{registry.host}/token"
                    self._answer(401, {"WWW-Authenticate": f'Bearer realm="{realm}",service="shop",scope="registry:catalog:*"'})
                else:
                    self._answer(200 if (name, reference) in registry.tags and "oci.image.index" in self.headers["Accept"] else 404)

            def _answer(self, status: int, headers: dict[str, str] | None = None, body: bytes = b"") -> None:
                self.send_response(status)
                for name, value in ({"Content-Length": str(len(body))} | (headers or {})).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

        return Handler


@pytest.fixture
def registry() -> Iterator[Registry]:
    kept = Registry()
    thread = threading.Thread(target=kept.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield kept
    kept.server.shutdown()
    thread.join()
    kept.server.server_close()


@pytest.fixture
def registries(registry: Registry) -> Iterator[OciRegistries]:
    opened = OciRegistries(parsed([f"http://{registry.host}=rollbot:a-secret"]))
    yield opened
    opened.session.close()


def image(registry: Registry, reference: str = "2.7.9", name: str = "shop/checkout") -> ImageRef:
    found = ImageRef.parse(f"{registry.host}/{name}{'@' if ':' in reference else ':'}{reference}")
    assert found is not None
    return found


def test_a_tag_and_a_digest_are_there_or_not(registry: Registry, registries: OciRegistries) -> None:
    assert registries.holds(image(registry)) is True
    assert registries.holds(image(registry, DIGEST)) is True
    assert registries.holds(image(registry, "2.7.8")) is False
    registry.tags.clear()
    assert registries.holds(image(registry)) is False, "what was there a moment ago may be gone"


def test_only_the_registries_that_were_named_are_asked(registry: Registry) -> None:
    with requests.Session() as session:
        nobody = OciRegistries(())
        nobody.session = session
        assert nobody.holds(image(registry)) is None
    assert registry.asked == []


def test_a_token_is_asked_to_pull_one_repository_and_no_more(registry: Registry, registries: OciRegistries) -> None:
    registries.holds(image(registry))
    assert [each for each in registry.asked if each.startswith("/token")] == [
        "/token?scope=repository%3Ashop%2Fcheckout%3Apull&service=shop"
    ]


@pytest.mark.parametrize("name", ["shop/../v1", "shop//checkout", "Shop/checkout", "shop/check%2fout"])
def test_a_name_that_no_registry_knows_is_not_asked_for(registry: Registry, registries: OciRegistries, name: str) -> None:
    assert registries.holds(ImageRef(f"{registry.host}/{name}", "1")) is None
    assert registry.asked == []


@pytest.mark.parametrize(("status", "raised"), [(403, Refused), (500, Unavailable), (429, Unavailable), (302, Unavailable)])
def test_what_is_no_answer_is_neither_there_nor_gone(
    registry: Registry, registries: OciRegistries, status: int, raised: type[Exception]
) -> None:
    registry.status = status
    with pytest.raises(raised):
        registries.holds(image(registry))


def test_a_login_goes_to_no_place_without_tls(registry: Registry, registries: OciRegistries) -> None:
    registry.realm = "http://127.0.0.1:1/token"
    with pytest.raises(Refused, match="no TLS"):
        registries.holds(image(registry))


@pytest.mark.parametrize("text", ["<html>", "[]", '{"token": 1}', '{"token": "a b"}', '{"token": "' + "x" * 70_000 + '"}', "[" * 9_000])
def test_what_is_no_token_is_not_used(registry: Registry, registries: OciRegistries, text: str) -> None:
    registry.token_text = text
    with pytest.raises(Unavailable, match="answered something that is none"):
        registries.holds(image(registry))


def test_a_wrong_login_is_refused_and_not_shown(registry: Registry) -> None:
    opened = OciRegistries(parsed([f"http://{registry.host}=rollbot:another-secret"]))
    with pytest.raises(Refused) as refused:
        opened.holds(image(registry))
    opened.session.close()
    assert "another-secret" not in str(refused.value) + repr(opened.logins)


@pytest.mark.parametrize(
    ("name", "where"),
    [
        ("nginx", ("docker.io", "library/nginx")),
        ("shop/checkout", ("docker.io", "shop/checkout")),
        ("index.docker.io/shop/checkout", ("docker.io", "shop/checkout")),
        ("ghcr.io/shop/checkout", ("ghcr.io", "shop/checkout")),
        ("localhost/checkout", ("localhost", "checkout")),
        ("registry:5000/a/b", ("registry:5000", "a/b")),
    ],
)
def test_a_name_says_which_registry(name: str, where: tuple[str, str]) -> None:
    assert located(name) == where


@pytest.mark.parametrize("entry", ["", "ftp://a", "a b", "ghcr.io=rollbot", "ghcr.io=:secret-word", "ghcr.io/shop", "https://x@y"])
def test_a_setting_that_names_no_registry_is_refused_without_its_password(entry: str) -> None:
    with pytest.raises(BadConfig, match="number 1") as refused:
        parsed([entry])
    assert "secret-word" not in str(refused.value)


def test_a_real_registry_says_the_same(tmp_path: Path) -> None:
    program = shutil.which("docker-registry") or shutil.which("registry")
    if program is None:
        pytest.skip("needs Debian's package docker-registry")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{free.getsockname()[1]}"
    config = tmp_path / "config.yml"
    config.write_text(f"version: 0.1\nstorage: {{filesystem: {{rootdirectory: {tmp_path}}}}}\nhttp: {{addr: '{host}'}}\n")
    with (tmp_path / "log").open("w") as log, subprocess.Popen([program, "serve", config], stdout=log, stderr=log) as server:
        try:
            digest = _pushed(f"http://{host}", "shop/checkout", "2.7.9")
            opened = OciRegistries(parsed([f"http://{host}"]))
            assert opened.holds(ImageRef(f"{host}/shop/checkout", "2.7.9")) is True
            assert opened.holds(ImageRef(f"{host}/shop/checkout", None, Digest(digest))) is True
            assert opened.holds(ImageRef(f"{host}/shop/checkout", "2.7.8")) is False
            opened.session.close()
        finally:
            server.kill()


def _pushed(url: str, name: str, tag: str) -> str:
    """Push an image of one empty layer, and return its digest."""
    with requests.Session() as session:
        _wait(session, url)
        blob = b"{}"
        named = "sha256:" + hashlib.sha256(blob).hexdigest()
        upload = session.post(f"{url}/v2/{name}/blobs/uploads/", timeout=10).headers["Location"]
        where = f"{upload}{'&' if '?' in upload else '?'}digest={named}"
        assert session.put(where, data=blob, headers={"Content-Type": "application/octet-stream"}, timeout=10).status_code == 201
        part = {"digest": named, "size": len(blob)}
        form = "application/vnd.oci.image.manifest.v1+json"
        config = {**part, "mediaType": "application/vnd.oci.image.config.v1+json"}
        manifest = {"schemaVersion": 2, "mediaType": form, "config": config, "layers": []}
        done = session.put(f"{url}/v2/{name}/manifests/{tag}", data=json.dumps(manifest), headers={"Content-Type": form}, timeout=10)
        assert done.status_code == 201, done.text
        return done.headers["Docker-Content-Digest"]


def _wait(session: requests.Session, url: str) -> None:
    ends = time.monotonic() + 20
    while True:
        try:
            assert session.get(f"{url}/v2/", timeout=5).status_code == 200
            return
        except requests.ConnectionError:
            assert time.monotonic() < ends, "the registry did not start"
            time.sleep(0.02)
