"""Files that are no YAML: which are read, what stands in them, and that no text of any sort stops the reading."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.manifests.pin import PinKind
from bot.manifests.read import read
from bot.manifests.spans import edit

WORDS = [
    '"', "'", "{", "}", "[", "]", "(", ")", "=", ":", ",", "\n", "version", "image", "default", "variable", "module ", '"1.2.3"', "'v1.0'",
    '"shop/web:1.0"', "<<EOF\n", "EOF\n", "/*", "*/", "//", "#", "|||", "''", "${", " ", "1.2", "é", "\r\n", "FROM a:1\n", "\\", "+", "?=",
]  # fmt: skip
PATHS = ["main.tf", "x.libsonnet", "x.cue", "x.nix", "bake.hcl", "Dockerfile", "Makefile", "x.toml", "x.sh", ".tool-versions"]


@pytest.mark.parametrize("path", PATHS)
@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(WORDS), max_size=40), st.booleans())
def test_any_text_is_read_and_edited_by_its_spans(path: str, words: list[str], bom: bool) -> None:
    file = ("\ufeff" * bom + "".join(words)).encode()

    for pin in read(file, path).pins:
        assert file[pin.start : pin.end].decode() == pin.value
        assert file.count(b"\n", 0, pin.start) + 1 == pin.line
        assert edit(file, {pin: "9.9.9"}) == file[: pin.start] + b"9.9.9" + file[pin.end :]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("text", ["{", "[", '"', "/*", "<<A\n", "a b c {", "a = {\n", "|||", "''", "x=1.2\n", "FROM a", "# ", "a"])
def test_a_megabyte_of_anything_is_read_in_time(path: str, text: str) -> None:
    began = time.monotonic()

    read((text * (1024 * 1024 // len(text))).encode(), path)

    assert time.monotonic() - began < 20


def test_where_several_heredocs_and_comments_do_not_end_the_rest_is_read() -> None:
    assert [pin.value for pin in read(b'a = <<A\nversion = "1.0.0"\n/* x\nimage_tag = "v2.0.0"\n', "x.tf").pins] == ["1.0.0", "v2.0.0"]


def test_a_packages_file_is_read_where_it_is_annotated_only() -> None:
    file = b'[project]\nversion = "1.2.3"\n# renovate: datasource=pypi depName=x\nx_version = "2.0.0"\n'

    assert [(pin.format, pin.value) for pin in read(file, "pyproject.toml").pins] == [("renovate", "2.0.0")]


def test_what_an_image_or_module_is_of_is_told() -> None:
    file = b'module "a" {\n  source = "terraform-aws-modules/vpc/aws"\n  version = "5.8.1"\n}\nx_image = "ghcr.io/shop/web:1.0"\n'

    found = {pin.yaml_path: (pin.kind, pin.artefact) for pin in read(file, "main.tf").pins}

    assert found == {
        "module.a.version": (PinKind.VARIABLE, "terraform-aws-modules/vpc/aws"),
        "x_image": (PinKind.IMAGE, "ghcr.io/shop/web"),
    }
