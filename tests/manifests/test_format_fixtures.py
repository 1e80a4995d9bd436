"""What the formats owe each other: a specific one goes before the general ones, and none trips over another's files."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.manifests import argocd, compose, configmap, envfile, flux, helmfile, olm, overlays, parameters, rancher, renovate, templated
from bot.manifests.pin import Format
from bot.manifests.read import read

FIXTURES = Path(__file__).parents[2] / "fixtures" / "manifests"
SPECIFIC: dict[str, Format] = {
    module.FORMAT: module.pins
    for module in (argocd, compose, configmap, envfile, flux, helmfile, olm, overlays, parameters, rancher, renovate, templated)
}
FILES = [
    pytest.param(file, id=f"{name}/{file.name}")
    for name in SPECIFIC
    for file in sorted((FIXTURES / name).iterdir())
    if not file.name.endswith(".expected.json")
]


@pytest.mark.parametrize("file", FILES)
def test_no_general_format_claims_what_a_specific_one_knows(file: Path) -> None:
    found = read(file.read_bytes(), file.name).pins

    assert not {pin.format for pin in found} & {"workloads", "helm", "kustomize"}


@pytest.mark.parametrize("file", FILES)
def test_spans_hold_just_the_values_after_text_of_several_bytes_a_letter(file: Path) -> None:
    text = ("\ufeff# ✓ naïve\n" + file.read_text()).replace("\n", "\r\n").encode()

    found = read(text, file.name).pins

    assert len(found) == len(read(file.read_bytes(), file.name).pins)
    assert all(text[pin.start : pin.end].decode() == pin.value for pin in found)
    assert all(text.count(b"\n", 0, pin.start) + 1 == pin.line for pin in found)


@pytest.mark.parametrize("name", SPECIFIC)
@pytest.mark.parametrize(
    "file",
    [
        b"",
        b"\x00\xff",
        b"a: [",
        b"- x\n- [y: {z: 1}]\n",
        b"services: [a]\nreleases: {b: c}\nhelm: [1]\ntargetRevision: {}\n",
        b"apiVersion: argoproj.io/v1alpha1\nkind: Application\nspec: [1]\n",
        b"apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nspec: {generators: [{list: {elements: [1, [2]]}}, 3], template: {}}\n",
        b"apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nspec: {chart: x, values: [1], postRenderers: [{kustomize: 1}]}\n",
        b"apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nspec: {images: x, patches: [{patch: 1}], postBuild: {a: []}}\n",
        b"apiVersion: helm.cattle.io/v1\nkind: HelmChart\nspec: {chart: [], version: {}, set: x, valuesContent: [1]}\n",
        b"apiVersion: v1\nkind: ConfigMap\ndata: []\n",
        b"a: &a {<<: *a, image: *a}\n# renovate: depName=x\n",
    ],
)
def test_strange_files_have_no_pins_and_raise_nothing(name: str, file: bytes) -> None:
    paths = {"compose": "compose.yaml", "envfile": ".env", "rancher": "fleet.yaml"}

    assert list(SPECIFIC[name](file, paths.get(name, "file.yaml"))) == []
