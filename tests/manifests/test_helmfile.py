from __future__ import annotations

import pytest

from bot.manifests.helmfile import KIND, pins
from bot.manifests.pin import PinKind


@pytest.mark.parametrize(
    ("chart", "artefact"),
    [("cilium/cilium", "cilium"), ("oci://ghcr.io/x/charts/web", "web"), ("./charts/web", "web"), ("web", "web")],
)
def test_a_release_pins_its_chart_under_the_charts_own_name(chart: str, artefact: str) -> None:
    (pin,) = pins(f"releases:\n- {{name: a, namespace: b, chart: {chart}, version: 1.2.3}}\n".encode(), "apps.yaml")

    assert (pin.kind, pin.artefact, pin.object_kind, pin.namespace, pin.object_name) == (PinKind.CHART, artefact, KIND, "b", "a")


def test_templates_around_and_inside_do_not_hide_the_rest() -> None:
    file = b"""\
environments:
  prod: {values: [env.yaml]}
---
releases:
{{ if eq .Environment.Name "prod" }}
  - name: web
    chart: example/web
    version: 1.2.3
{{ end }}
  - name: api
    chart: example/api
    version: {{ .Values.api.version }}
"""

    found = [(pin.object_name, pin.value, pin.document) for pin in pins(file, "helmfile.yaml.gotmpl")]

    assert found == [("web", "1.2.3", 1)]


def test_release_templates_are_read_too() -> None:
    file = b"""\
templates:
  default: &default
    chart: example/web
    version: 1.2.3
releases:
  - name: web
    <<: *default
    chart: example/web
"""

    assert [(pin.yaml_path, pin.value) for pin in pins(file, "helmfile.yaml")] == [("templates.default.version", "1.2.3")]


def test_lists_of_other_releases_are_none() -> None:
    assert list(pins(b"releases: [1.2.3]\n", "helmfile.yaml")) == []
    assert list(pins(b"kind: X\nreleases: [{name: a, chart: b, version: 1}]\n", "x.yaml")) == []


def test_both_sides_of_a_condition_are_charts_of_the_release() -> None:
    file = b"releases:\n- name: api\n  chart: example/api\n  version: '{{ if .x }}0.1.2{{ else }}0.2.0{{ end }}'\n"

    found = [(pin.yaml_path, pin.kind, pin.object_name, pin.artefact, pin.value) for pin in pins(file, "helmfile.yaml")]

    assert found == [
        ("releases[name=api].version#1", PinKind.CHART, "api", "api", "0.1.2"),
        ("releases[name=api].version#2", PinKind.CHART, "api", "api", "0.2.0"),
    ]
