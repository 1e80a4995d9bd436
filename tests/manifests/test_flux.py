from __future__ import annotations

import pytest

from bot.manifests.flux import pins
from bot.manifests.pin import Pin, PinKind
from bot.manifests.setters import setters


def found(text: str, path: str = "hr.yaml") -> dict[str, Pin]:
    return {pin.yaml_path: pin for pin in pins(text.encode(), path)}


HELM_RELEASE = """\
apiVersion: helm.toolkit.fluxcd.io/{version}
kind: HelmRelease
metadata: {{name: web, namespace: apps}}
spec:
  chart:
    spec:
      chart: {chart}
      version: {value}
"""


@pytest.mark.parametrize("version", ["v2", "v2beta1", "v2beta2"])
@pytest.mark.parametrize(("chart", "artefact"), [("web", "web"), ("./charts/web", "web"), ("charts/web/", "web")])
def test_a_helmrelease_pins_its_chart(version: str, chart: str, artefact: str) -> None:
    pin = found(HELM_RELEASE.format(version=version, chart=chart, value="1.2.3"))["spec.chart.spec.version"]

    assert (pin.kind, pin.artefact, pin.value) == (PinKind.CHART, artefact, "1.2.3")
    assert (pin.object_kind, pin.namespace, pin.object_name) == ("HelmRelease", "apps", "web")


@pytest.mark.parametrize("value", ["${WEB_VERSION}", '"{{ .version }}"', '""', "null_", "'>=1.0.0 <2.0.0'"])
def test_a_variable_is_no_pin_a_range_is_one(value: str) -> None:
    fixed = value in ("null_", "'>=1.0.0 <2.0.0'")

    assert ("spec.chart.spec.version" in found(HELM_RELEASE.format(version="v2", chart="web", value=value))) is fixed


@pytest.mark.parametrize(
    ("url", "media", "kind", "artefact"),
    [
        ("oci://ghcr.io/grafana/helm-charts/loki", "", PinKind.CHART, "loki"),
        ("oci://ghcr.io/x/web", "application/vnd.cncf.helm.chart.content.v1.tar+gzip", PinKind.CHART, "web"),
        ("oci://ghcr.io/fluxcd/flux-manifests", "", PinKind.REF, "ghcr.io/fluxcd/flux-manifests"),
    ],
)
def test_an_oci_source_holds_a_chart_or_manifests(url: str, media: str, kind: PinKind, artefact: str) -> None:
    text = f"""\
apiVersion: source.toolkit.fluxcd.io/v1
kind: OCIRepository
metadata: {{name: web}}
spec:
  url: {url}
  layerSelector: {{mediaType: "{media}"}}
  ref: {{tag: 1.2.3}}
"""

    pin = found(text)["spec.ref.tag"]

    assert (pin.kind, pin.artefact) == (kind, artefact)


def test_setters_know_their_policy_part_and_whether_they_are_muted() -> None:
    file = b"""\
a: x:1 # {"$imagepolicy": "flux-system:web"}
b: 1 # {"$imagepolicy": "flux-system:web:tag"}
c: 1 # rollbot held until 2026-12-01: {"$imagepolicy": "flux-system:web:tag"}
d: 1 # $imagepolicy is not here
"""

    known = setters(file)

    assert {line: (setter.policy, setter.part, setter.muted) for line, setter in known.items()} == {
        1: ("flux-system:web", "", False),
        2: ("flux-system:web", "tag", False),
        3: ("flux-system:web", "tag", True),
    }


def test_a_setter_belongs_to_the_scalar_right_before_it() -> None:
    marked = found('a: {x: 1.0.0, y: 2.0.0} # {"$imagepolicy": "ns:web:tag"}\n')

    assert set(marked) == {"a.y"}


def test_secrets_are_left_alone() -> None:
    assert found('kind: Secret\nstringData:\n  tag: 1.0.0 # {"$imagepolicy": "ns:web:tag"}\n') == {}
