from __future__ import annotations

import pytest

from bot.manifests.pin import PinKind, Style
from bot.manifests.read import is_manifest, read
from bot.manifests.renovate import pins
from bot.manifests.spans import edit

MARK = "# renovate: datasource=github-releases depName=example/tool"


@pytest.mark.parametrize(
    ("path", "line", "value"),
    [
        ("Dockerfile", "ARG TOOL_VERSION=1.2.3", "1.2.3"),
        ("Dockerfile", 'ENV TOOL_VERSION "x"', None),
        ("web.Dockerfile", "FROM example/tool:1.2.3 AS build", "1.2.3"),
        ("a.tf", '  version = "~> 1.2"', "1.2"),
        ("Makefile", "TOOL_VERSION ?= v1.2.3", "v1.2.3"),
        ("Makefile", "TOOL := v1.2.3 # why", "v1.2.3"),
        ("x.env", "TOOL='1.2.3'", "1.2.3"),
        (".tool-versions", "tool 1.2.3", "1.2.3"),
        ("x.toml", 'tool = "1.2.3"', "1.2.3"),
        ("x.sh", "curl https://example.org/v1.2.3/tool-v1.2.3.tgz", None),
        ("x.yaml", "tool: '1.2.3'", "1.2.3"),
        ("x.yaml", "- example/tool:1.2.3", "1.2.3"),
        ("x.yaml", "tool: on", None),
        ("x.yaml", "tool: {{ .Values.tool }}", None),
    ],
)
def test_the_line_below_the_comment_is_pinned(path: str, line: str, value: str | None) -> None:
    file = f"first: 1.0.0\n{MARK}\n\n{line}\nlast: 1.0.0\n".encode() if not path.endswith("yaml") else f"{MARK}\n\n{line}\n".encode()

    found = tuple(pins(file, path))

    assert [pin.value for pin in found] == ([value] if value else [])
    assert all(file[pin.start : pin.end].decode() == pin.value and pin.line == file[: pin.start].count(b"\n") + 1 for pin in found)


@pytest.mark.parametrize(
    "comment",
    [
        "# renovate: registryUrl=https://charts.example.org",
        "# renovate: datasource=docker",
        "# renovate.json is elsewhere",
        "renovate: depName=x",
    ],
)
def test_a_comment_that_names_no_dependency_annotates_nothing(comment: str) -> None:
    assert list(pins(f"{comment}\nVERSION=1.2.3\n".encode(), "Dockerfile")) == []


def test_a_comment_beside_a_value_annotates_that_value() -> None:
    file = b"a = 1.2.3 // renovate: depName=one\nb = 4.5.6\n"

    assert [(pin.yaml_path, pin.artefact, pin.value) for pin in pins(file, "x.hcl")] == [("a", "one", "1.2.3")]


def test_the_kind_follows_the_datasource_and_the_value() -> None:
    file = b"""\
chart: 1.2.3 # renovate: datasource=helm depName=a
imageTag: 1.2.3 # renovate: datasource=docker depName=b
digest: sha256:539ecb1e6f75093c636507e0ea7083d73297b1648c31f325b4c68755c3205c69 # renovate: datasource=docker depName=c
other: 1.2.3 # renovate: datasource=npm depName=d
"""

    assert [pin.kind for pin in pins(file, "x.yaml")] == [PinKind.CHART, PinKind.TAG, PinKind.DIGEST, PinKind.VARIABLE]


def test_annotated_texts_are_read_and_edited_by_their_span() -> None:
    file = b"FROM scratch\n# renovate: datasource=npm depName=x\nARG X_VERSION=1.2.3\nARG Y_VERSION=2.0.0\n"

    (pin,) = (pin for pin in read(file, "app/Dockerfile").pins if pin.format == "renovate")

    assert is_manifest("app/Dockerfile")
    assert pin.style is Style.RAW
    assert edit(file, {pin: "1.2.2"}) == file.replace(b"1.2.3", b"1.2.2")
