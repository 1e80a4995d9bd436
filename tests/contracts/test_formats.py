"""Every row of FORMATS, held to its fixtures: exactly the pins listed beside them, every edit exact, no text that makes it raise."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.manifests import custom
from bot.manifests.formats import FORMATS
from bot.manifests.pin import Pin
from bot.manifests.read import read
from bot.manifests.spans import edit

FIXTURES = Path(__file__).parents[2] / "fixtures" / "manifests"
FILES = [
    pytest.param(name, file, id=f"{name}/{file.relative_to(FIXTURES / name)}")
    for name in FORMATS
    for file in sorted((FIXTURES / name).rglob("*"))
    if file.is_file() and not file.name.endswith(".expected.json")
]
PATHS = {
    "kustomize": "kustomization.yaml",
    "helm": "values.yaml.gotmpl",
    "compose": "docker-compose.yml",
    "helmfile": "helmfile.yaml",
    "envfile": ".env",
}
WORDS = [
    "apiVersion: v1\n", "kind: Deployment\n", "kind: List\nitems:\n", "image: ", "shop/web:1.0", "- ", "  ", "\n", "tag: ", "{{ .x }}",
    "&a ", "*a", "<<: ", "images:\n", "newTag: ", "'", '"', "|\n", "data:\n", "?ref=v1", "#", "---\n", "spec:\n", "values: |\n",
    "version: 1.2.3", "\r\n", "\t", "é", "A_TAG=1.0\n",
]  # fmt: skip


def test_every_row_has_a_fixture() -> None:
    assert {name for name in FORMATS if not list((FIXTURES / name).rglob("*.expected.json"))} == set()


@pytest.mark.parametrize(("name", "file"), FILES)
def test_lists_exactly_its_pins(name: str, file: Path) -> None:
    expected = json.loads((file.parent / f"{file.name.partition('.')[0]}.expected.json").read_text())

    pins = list(FORMATS[name](file.read_bytes(), file.name))

    assert {pin.yaml_path: pin.value for pin in pins} == expected
    assert len(pins) == len(expected)
    assert {pin.format for pin in pins} <= set(FORMATS)


@pytest.mark.parametrize(("name", "file"), FILES)
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"], ids=["plain", "bom"])
def test_every_edit_changes_its_span_only(name: str, file: Path, ending: str, bom: bytes) -> None:
    text = bom + file.read_bytes().replace(b"\n", ending.encode()).rstrip(b"\r\n")  # and no last line break
    pins = list(FORMATS[name](text, file.name))

    assert pins or not list(FORMATS[name](file.read_bytes(), file.name))
    for pin in pins:
        assert text[pin.start : pin.end].decode() == pin.value
        assert text.count(b"\n", 0, pin.start) + 1 == pin.line
        value = changed(pin)
        answer = edit(text, {pin: value})
        assert isinstance(answer, bytes), answer
        assert answer == text[: pin.start] + value.encode() + text[pin.end :]


@pytest.mark.parametrize(("name", "file"), FILES)
def test_all_edits_at_once_are_all_read_back(name: str, file: Path) -> None:
    text = file.read_bytes()
    pins = read(text, file.name).pins

    answer = edit(text, {pin: changed(pin) for pin in pins})

    assert isinstance(answer, bytes), answer
    assert [(pin.yaml_path, pin.value) for pin in read(answer, file.name).pins] == [(pin.yaml_path, changed(pin)) for pin in pins]


def changed(pin: Pin) -> str:
    """Return another value of the same shape: its last digit or letter turned."""
    last = pin.value[-1]
    return pin.value[:-1] + ("8" if last == "9" else chr(ord(last) + 1) if last.isdigit() else "e" if last == "f" else "f")


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=60, deadline=None)
@given(data=st.one_of(st.binary(max_size=300), st.lists(st.sampled_from(WORDS), max_size=40).map(lambda words: "".join(words).encode())))
def test_no_text_makes_it_raise(name: str, data: bytes) -> None:
    for path in {PATHS.get(name, "app.yaml"), "app.yaml"}:
        for pin in FORMATS[name](data, path):
            assert data[pin.start : pin.end].decode() == pin.value
            assert pin.value


def test_no_row_is_named_as_the_rules_are() -> None:
    assert custom.FORMAT not in FORMATS
