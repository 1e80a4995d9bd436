"""Readings: which files are read, what is never told, and what is said where a file cannot be read."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.manifests.documents import Map, Scalar, parse
from bot.manifests.nested import nested
from bot.manifests.read import LARGEST, is_manifest, read
from bot.manifests.rules import ManifestRules, PinRule
from bot.manifests.secrets import secret, secret_lines
from bot.manifests.templates import mask
from bot.objections import Weight


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("apps/web/deployment.yaml", True),
        ("apps/web/values.yml", True),
        ("env/prod/api.values.yaml.gotmpl", True),
        ("talos/machineconfig.yaml.j2", True),
        ("charts/web/Chart.yaml", True),
        ("charts/web/Chart.lock", True),
        ("base/Kustomization", True),
        (".env", True),
        ("cluster/versions.env", True),
        ("globals", True),
        ("README.md", False),
        ("LICENSE", False),
        ("main.tf", True),  # a renovate comment may stand there
        ("main.go", False),
        ("package.json", False),
        ("logo.png", False),
        (".rollbot/quarantine/prod-checkout-2.8.0-1a2b3c4d.yaml", False),
        (".rollbot/notes/values.yaml", False),
        (".rollbot.yaml", False),
        ("apps/.rollbot/values.yaml", True),
    ],
)
def test_which_files_are_read(path: str, wanted: bool) -> None:
    assert is_manifest(path) is wanted


def test_rules_add_files_and_take_files_away() -> None:
    pins = (PinRule("tf", "infra/**/*.tf", regex="v(?P<version>.+)"), PinRule("all", "**/*.yaml", regex="v(?P<version>.+)"))
    rules = ManifestRules(pins=pins, ignore=("vendor/**",))

    assert is_manifest("infra/prod/main.tf", rules)
    assert not is_manifest(".rollbot/quarantine/x.yaml", rules)
    assert not is_manifest("vendor/chart/values.yaml", rules)


@pytest.mark.parametrize(
    ("file", "line"),
    [
        pytest.param(b"a: b\nc: [1\n", 3, id="not closed"),
        pytest.param(b"a: b\nc: \xff\n", 2, id="not UTF-8"),
        pytest.param(b"a: b\n  c: d\n", 2, id="indented wrongly"),
    ],
)
def test_what_cannot_be_read_is_said(file: bytes, line: int) -> None:
    reading = read(file, "apps/web.yaml")

    assert reading.pins == ()
    (objection,) = reading.objections
    assert (objection.path, objection.line, objection.weight) == ("apps/web.yaml", line, Weight.NOTE)
    assert objection.why


def test_too_large_a_file_is_not_read() -> None:
    (objection,) = read(b"#" * (LARGEST + 1), "x.yaml").objections
    assert objection.code == "too-big"


def test_depth_is_no_crash() -> None:
    assert read(b"[" * 20000, "x.yaml").pins == ()
    assert read(b"a:\n" + b"".join(b" " * n + b"- \n" for n in range(1, 900)), "x.yaml").pins == ()


def test_a_charts_own_templates_are_passed_over_in_silence() -> None:
    reading = read(b"{{- if .x }}\nimage: web:1.0\n{{- end }}\n", "charts/web/templates/deployment.yaml")
    assert (reading.pins, reading.objections) == ((), ())


def test_every_span_has_one_pin_in_file_order() -> None:
    file = b"# renovate: datasource=docker depName=shop/web\ntag: 1.0.0\nimage: a:1\nz:\n  image: {repository: b, tag: 2.0.0}\n"

    pins = read(file, "values.yaml").pins

    assert [pin.value for pin in pins] == ["1.0.0", "1", "2.0.0"]
    assert all(one.end <= other.start for one, other in pairwise(pins))


SECRET = b"""\
apiVersion: v1
kind: ConfigMap
metadata: {name: open}
data: {APP_VERSION: v1.0.0}
---
apiVersion: v1
kind: Secret
metadata: {name: hidden}
stringData:
  APP_VERSION: v2.0.0
  image: ghcr.io/shop/x:3.0.0
---
apiVersion: v1
kind: Pod
metadata: {name: web}
spec: {containers: [{name: web, image: "web:4.0.0"}]}
"""


def test_a_secret_is_never_told() -> None:
    assert [pin.value for pin in read(SECRET, "all.yaml").pins] == ["v1.0.0", "4.0.0"]
    assert secret(SECRET, "all.yaml")
    assert secret_lines(SECRET) >= frozenset(range(6, 12))
    assert not secret_lines(SECRET) & {1, 2, 3, 4, 13, 14, 15, 16}


@pytest.mark.parametrize(
    "file",
    [
        pytest.param(b"image:\n  tag: ENC[AES256_GCM,data:x,type:str]\n  repository: a\nsops:\n  mac: x\n  version: 3.9.0\n", id="sops"),
        pytest.param(b"{apiVersion: v1, kind: Secret, stringData: {image: 'a:1.0.0'}}", id="flow"),
        pytest.param(b"apiVersion: v1\nkind: List\nitems:\n- kind: Secret\n  stringData: {image: 'a:1.0.0'}\n", id="in a list"),
        pytest.param(b"secretGenerator:\n- name: x\n  literals:\n  - APP_VERSION=1.0.0\n", id="generated"),
        pytest.param(b'"kind": "Secret"\n"stringData":\n  image: a:1.0.0\n', id="quoted keys"),
    ],
)
def test_shapes_of_secrets(file: bytes) -> None:
    assert read(file, "kustomization.yaml").pins == ()
    assert secret(file, "kustomization.yaml")


def test_an_encrypted_env_file_is_a_secret() -> None:
    assert secret(b"APP_VERSION=ENC[AES256_GCM,data:x]\nsops_version=3.9.0\n", ".env")


def test_broken_text_with_a_secret_counts_as_one() -> None:
    assert secret_lines(b"a: [\n---\nkind: Secret\ndata: {x: y\n") >= {3, 4}


def test_plain_files_hold_no_secret() -> None:
    assert secret_lines(b"kind: Deployment\nspec: {secretName: x}\n") == frozenset()
    assert secret_lines(b"kind: ExternalSecret\nspec: {}\n") == frozenset()


def test_masks_keep_every_byte_where_it_was() -> None:
    file = b"a: {{ x }}\n  {{- if y }}\nb: '{{ \"q\" }}:1'\n{{ multi\nline }}\nc: {% if z %}d{% endif %}\n"

    masked = mask(file)

    assert len(masked) == len(file)
    assert [n for n, byte in enumerate(masked) if byte == 10] == [n for n, byte in enumerate(file) if byte == 10]
    assert b"{{" not in masked
    assert isinstance(parse(masked)[0].root, Map)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(["{{", "}}", "{%", "%}", "{#", "#}", "\n", " ", "a: b", "_", "é", "\r\n", '"']), max_size=30))
def test_masks_of_any_text(words: list[str]) -> None:
    file = "".join(words).encode()
    masked = mask(file)
    assert len(masked) == len(file)
    assert masked.count(b"\n") == file.count(b"\n")


@pytest.mark.parametrize("header", ["|", "|-", "|+", "|2", "|2-", "| # why"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_yaml_in_a_block_scalar_keeps_its_places(header: str, ending: str) -> None:
    inner = ["a:", "  tag: 'v1' # ☃", "", "# c", 'b: [x, "é"]']
    text = ending.join([f"é: &x {header}", *(f"  {line}" if line else "" for line in inner), "z: y", ""])
    file = text.encode()
    root = parse(file)[0].root
    assert isinstance(root, Map)
    block = root.get("é")
    assert isinstance(block, Scalar)

    documents = nested(file, block)

    assert documents is not None
    found = list(scalars(documents[0].root))
    assert [scalar.value for scalar in found] == ["a", "tag", "v1", "b", "x", "é"]
    for scalar in found:
        assert file[scalar.start : scalar.end].decode() == scalar.value
        assert scalar.line == file.count(b"\n", 0, scalar.start) + 1


def test_what_is_no_literal_block_is_not_read_as_yaml() -> None:
    for text in (b"a: >\n  b: c\n", b"a: 'b: c'\n", b"a: |\n  b: [\n"):
        root = parse(text)[0].root
        assert isinstance(root, Map)
        block = root.get("a")
        assert isinstance(block, Scalar)
        assert nested(text, block) is None


def scalars(node: object) -> list[Scalar]:
    if isinstance(node, Scalar):
        return [node]
    if isinstance(node, Map):
        return [found for key, value in node.items for found in (key, *scalars(value))]
    return [found for item in getattr(node, "items", ()) for found in scalars(item)]
