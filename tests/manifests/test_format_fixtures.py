"""Every fixture of a format's folder: exactly the pins that stand beside it, at spans that hold just their values."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bot.manifests import argocd, compose, configmap, envfile, flux, helmfile, overlays, renovate
from bot.manifests.pin import Format
from bot.manifests.read import read
from bot.manifests.spans import edit

FIXTURES = Path(__file__).parents[2] / "fixtures" / "manifests"
FORMATS: dict[str, Format] = {
    module.FORMAT: module.pins for module in (argocd, compose, configmap, envfile, flux, helmfile, overlays, renovate)
}
CASES = [
    pytest.param(name, file, id=f"{name}/{file.name}")
    for name in FORMATS
    for file in sorted((FIXTURES / name).iterdir())
    if not file.name.endswith(".expected.json")
]


@pytest.mark.parametrize(("name", "file"), CASES)
def test_lists_exactly_what_the_fixture_expects(name: str, file: Path) -> None:
    expected = json.loads((file.parent / f"{file.name.partition('.')[0]}.expected.json").read_text())

    found = list(FORMATS[name](file.read_bytes(), file.name))

    assert {pin.yaml_path: pin.value for pin in found} == expected
    assert len(found) == len(expected)


@pytest.mark.parametrize(("name", "file"), CASES)
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_spans_hold_just_the_value_whatever_the_line_endings(name: str, file: Path, ending: str) -> None:
    text = b"\xef\xbb\xbf# \xe2\x9c\x93\n" + file.read_bytes()
    text = text.replace(b"\n", ending.encode())

    found = list(FORMATS[name](text, file.name))

    assert all(text[pin.start : pin.end].decode() == pin.value for pin in found)
    assert all(text.count(b"\n", 0, pin.start) + 1 == pin.line for pin in found)
    assert len(found) == len(list(FORMATS[name](file.read_bytes(), file.name)))


@pytest.mark.parametrize(("name", "file"), CASES)
def test_in_a_reading_no_general_format_claims_what_these_know(name: str, file: Path) -> None:
    found = read(file.read_bytes(), file.name).pins

    assert not {pin.format for pin in found} & {"workloads", "helm", "kustomize"}


@pytest.mark.parametrize(("name", "file"), CASES)
def test_every_pin_can_be_edited_and_nothing_else_changes(name: str, file: Path) -> None:
    text = file.read_bytes()
    pins = read(text, file.name).pins

    for pin in pins:
        value = "sha256:" + "f" * 64 if pin.value.startswith("sha256:") else "9.10"
        edited = edit(text, {pin: value})
        assert isinstance(edited, bytes), edited
        assert {p.yaml_path: p.value for p in read(edited, file.name).pins} == {p.yaml_path: p.value for p in pins} | {pin.yaml_path: value}


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize(
    "file",
    [
        b"",
        b"\x00\xff",
        b"a: [",
        b"- x\n- [y: {z: 1}]\n",
        b"services: [a]\nreleases: {b: c}\n",
        b"apiVersion: argoproj.io/v1alpha1\nkind: Application\nspec: [1]\n",
        b"apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nspec: {generators: [{list: {elements: [1, [2]]}}, 3], template: {}}\n",
        b"apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nspec: {chart: x, values: [1], postRenderers: [{kustomize: 1}]}\n",
        b"apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nspec: {images: x, patches: [{patch: 1}], postBuild: {a: []}}\n",
        b"apiVersion: v1\nkind: ConfigMap\ndata: []\n",
        b"a: &a {<<: *a, image: *a}\n# renovate: depName=x\n",
    ],
)
def test_strange_files_have_no_pins_and_raise_nothing(name: str, file: bytes) -> None:
    paths = {"compose": "compose.yaml", "envfile": ".env"}

    assert list(FORMATS[name](file, paths.get(name, "file.yaml"))) == []
