"""What manifests declare to Rollbot: wherever annotations may stand, with the line."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.manifests.annotated import annotated
from bot.manifests.read import read

DEPLOYMENT = """\
apiVersion: v1
kind: Service
metadata: {name: checkout}
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: checkout
  annotations:
    rollbot.dev/requires: "payments >=2.3 <3"
    other.dev/requires: nothing
spec:
  template:
    metadata:
      annotations: {rollbot.dev/wave: 2}
    spec:
      containers: [{name: checkout, image: "shop/checkout:2.7.0"}]
"""


def said(text: str, path: str = "apps/checkout/deployment.yaml") -> list[tuple[str, str, int]]:
    return [(each.key, each.value, each.line) for each in read(text.encode(), path).annotations]


def test_annotations_of_an_object_and_its_template_are_read():
    assert said(DEPLOYMENT) == [("requires", "payments >=2.3 <3", 10), ("wave", "2", 15)]
    [first, _] = annotated(DEPLOYMENT.encode(), "deployment.yaml")
    assert (first.document, first.object_kind, first.object_name) == (1, "Deployment", "checkout")


def test_annotations_for_all_objects_and_in_values_are_read():
    assert said("commonAnnotations:\n  rollbot.dev/rollback-with: web\n", "kustomization.yaml") == [("rollback-with", "web", 2)]
    assert said("image: {tag: '1'}\npodAnnotations:\n  rollbot.dev/wave: '1'\n", "values.yaml") == [("wave", "1", 3)]


def test_annotations_of_an_inline_patch_are_read_at_their_line():
    patch = "patches:\n  - patch: |-\n      metadata:\n        annotations:\n          rollbot.dev/schema: '43'\n"

    assert said(patch, "kustomization.yaml") == [("schema", "43", 5)]


def test_what_is_said_twice_in_a_document_is_said_once():
    twice = (
        "metadata:\n  annotations: &a\n    rollbot.dev/wave: '1'\nspec:\n  template: {metadata: {annotations: {rollbot.dev/wave: '1'}}}\n"
    )

    assert said(twice) == [("wave", "1", 3)]


def test_a_changed_version_leaves_what_is_declared():
    after = DEPLOYMENT.replace("2.7.0", "2.8.0")

    assert said(after) == said(DEPLOYMENT)


@given(st.binary(max_size=200))
def test_never_raises_for_a_strangers_file(junk: bytes):
    for file in (junk, b"rollbot.dev/requires: x\n" + junk, b"a: |\n  rollbot.dev/wave: 1\n" + junk):
        assert isinstance(annotated(file, "a.yaml"), tuple)
