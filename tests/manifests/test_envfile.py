from __future__ import annotations

import json
from pathlib import Path

import pytest

from bot.manifests.envfile import is_envfile, pins
from bot.manifests.pin import PinKind, Style
from bot.manifests.vocabulary import looks_like_version, may_be_version, names_version

FIXTURES = Path(__file__).parents[2] / "fixtures" / "manifests" / "envfile"


def test_lists_every_key_that_promises_a_version() -> None:
    file = (FIXTURES / "versions.env").read_bytes()

    found = tuple(pins(file, "versions.env"))

    assert {pin.yaml_path: pin.value for pin in found} == json.loads((FIXTURES / "versions.expected.json").read_text())
    assert all(file[pin.start : pin.end].decode() == pin.value and pin.style is Style.RAW for pin in found)


def test_an_image_key_pins_the_part_after_the_name() -> None:
    (pin,) = pins(b"API_IMAGE=ghcr.io/x/api:1.2\n", ".env")

    assert (pin.kind, pin.artefact, pin.value, pin.partial) == (PinKind.IMAGE, "ghcr.io/x/api", "1.2", True)


@pytest.mark.parametrize("ending", [b"", b"\n", b"\r\n"])
def test_spans_hold_with_byte_order_mark_and_line_endings(ending: bytes) -> None:
    file = b"\xef\xbb\xbf# \xc3\xa9t\xc3\xa9\r\nAPP_VERSION=1.2.3" + ending

    (pin,) = pins(file, "a.env")

    assert (file[pin.start : pin.end], pin.line) == (b"1.2.3", 2)


def test_leaves_encrypted_files_and_bytes_that_are_no_text_alone() -> None:
    assert list(pins(b"APP_VERSION=1\nsops_version=3.8.1\n", "prod.env")) == []
    assert list(pins(b"APP_VERSION=ENC[AES256_GCM,data:x]\n", "prod.env")) == []
    assert list(pins(b"APP_VERSION=\xff\xfe\n", "prod.env")) == []


@pytest.mark.parametrize(
    ("path", "is_one"),
    [
        (".env", True),
        ("a/.env.prod", True),
        ("a/versions.env", True),
        ("a/.cluster.env", True),
        ("env.yaml", False),
        ("a.environment", False),
    ],
)
def test_knows_env_files_by_name(path: str, is_one: bool) -> None:
    assert is_envfile(path) is is_one


@pytest.mark.parametrize(
    ("key", "promises"),
    [
        ("TALOS_VERSION", True),
        ("instance-tag", True),
        ("dynamic.linux-arm64.instance-tag", True),
        ("imageTag", True),
        ("IMAGE_SHA256", True),
        ("velero_plugin_acr_image", True),
        ("VERSIONS_FOLDER", False),
        ("stage", False),
        ("HELM_RELEASE", False),
        ("", False),
    ],
)
def test_keys_that_promise_a_version(key: str, promises: bool) -> None:
    assert names_version(key) is promises


@pytest.mark.parametrize(
    ("value", "looks"),
    [
        ("v1.24.4", True),
        ("1.110.0-rc.3", True),
        ("0.7-2", True),
        ("master-f9a1b60b-1665404899", True),
        ("sha256:" + "a" * 64, True),
        ("10.0.0.1", False),
        ("weekly-19", False),
        ("dev", False),
        ("ded7ca41-37c8-4085-862f-b11d21ab341a", False),
        ("${TAG}", False),
        ("https://example.org/1.2.3", False),
        ("radixdev.azurecr.io", False),
    ],
)
def test_values_that_are_versions_whatever_their_key(value: str, looks: bool) -> None:
    assert looks_like_version(value) is looks


def test_a_sentence_is_no_version() -> None:
    assert not may_be_version("set by hand")
