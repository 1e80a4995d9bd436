from __future__ import annotations

import pytest

from bot.manifests.argocd import pins
from bot.manifests.pin import Pin, PinKind
from bot.manifests.spans import edit

APPLICATION = """\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: web, namespace: argocd}
spec:
"""


def found(spec: str) -> dict[str, Pin]:
    text = APPLICATION + "".join(f"  {line}\n" for line in spec.splitlines())
    return {pin.yaml_path: pin for pin in pins(text.encode(), "app.yaml")}


@pytest.mark.parametrize(
    ("source", "kind", "artefact"),
    [
        ("{repoURL: https://charts.example.org, chart: web, targetRevision: 1.2.3}", PinKind.CHART, "web"),
        ("{repoURL: ghcr.io/example/charts, chart: team/web, targetRevision: 1.2.3}", PinKind.CHART, "web"),
        ("{repoURL: https://git.example.org/web.git, path: deploy, targetRevision: 1.2.3}", PinKind.REF, "https://git.example.org/web.git"),
        ("{repoURL: oci://ghcr.io/example/manifests, path: ., targetRevision: 1.2.3}", PinKind.REF, "ghcr.io/example/manifests"),
    ],
)
def test_a_revision_is_of_a_chart_or_a_repository(source: str, kind: PinKind, artefact: str) -> None:
    pin = found(f"source: {source}")["spec.source.targetRevision"]

    assert (pin.kind, pin.artefact, pin.value, pin.object_name) == (kind, artefact, "1.2.3", "web")


def test_a_hydrated_application_is_pinned_at_its_dry_source() -> None:
    assert set(found("sourceHydrator:\n  drySource: {repoURL: x, targetRevision: main}\n  syncSource: {targetBranch: env/prod}")) == {
        "spec.sourceHydrator.drySource.targetRevision"
    }


def test_parameters_take_their_image_from_their_neighbours() -> None:
    spec = """\
source:
  helm:
    parameters:
      - {name: image.tag, value: 1.2.3}
      - {name: image.registry, value: ghcr.io}
      - {name: image.repository, value: example/web}
      - {name: proxy.image, value: "envoyproxy/envoy:v1.29.1"}
      - {name: image.digest, value: "sha256:539ecb1e6f75093c636507e0ea7083d73297b1648c31f325b4c68755c3205c69"}
      - {name: image.pullPolicy, value: Always}
      - {name: appVersion, value: $ARGOCD_APP_REVISION}
"""

    by_name = {path.partition("name=")[2].partition("]")[0]: (pin.kind, pin.artefact) for path, pin in found(spec).items()}

    assert by_name == {
        "image.tag": (PinKind.TAG, "ghcr.io/example/web"),
        "proxy.image": (PinKind.IMAGE, "envoyproxy/envoy"),
        "image.digest": (PinKind.DIGEST, "ghcr.io/example/web"),
    }


def test_a_value_inside_a_block_scalar_changes_alone() -> None:
    values = b"        # keep\n        image: {repository: web, tag: '1.2'}   # quoted\n\n        x: 1\n"
    text = APPLICATION.encode() + b"  source:\n    helm:\n      values: |\n" + values
    (pin,) = pins(text, "app.yaml")

    assert edit(text, {pin: "1.10"}) == text.replace(b"'1.2'", b"'1.10'")


def test_an_element_is_edited_not_the_child() -> None:
    text = b"""\
apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: {name: web}
spec:
  generators:
    - list:
        elements:
          - {env: staging, tag: 1.5.0, port: "8080", url: https://staging.example.org/v1.2}
          - {env: prod, tag: 1.4.0, image: "ghcr.io/example/web:1.4.0"}
  template:
    spec:
      source: {repoURL: x, targetRevision: "{{ .tag }}"}
"""

    values = [(pin.yaml_path.rpartition(".")[2], pin.value) for pin in pins(text, "set.yaml")]

    assert values == [("tag", "1.5.0"), ("tag", "1.4.0"), ("image", "1.4.0")]


def test_what_image_updater_overrides_belongs_to_its_application() -> None:
    file = b"helm:\n  parameters:\n  - {name: image.tag, value: 1.4.2}\nkustomize:\n  images: [web=ghcr.io/example/web:1.4.2]\n"

    found = tuple(pins(file, "apps/.argocd-source-web.yaml"))

    assert [(pin.object_kind, pin.object_name, pin.value) for pin in found] == [("Application", "web", "1.4.2")] * 2
    assert list(pins(file, "apps/values.yaml")) == []


def test_revisions_in_values_that_become_applications_are_read() -> None:
    file = b"apps:\n- {name: web, repoURL: https://git.example.org/web.git, targetRevision: v1.4.2}\n"

    (pin,) = pins(file, "values.yaml")

    assert (pin.kind, pin.artefact, pin.value) == (PinKind.REF, "https://git.example.org/web.git", "v1.4.2")
