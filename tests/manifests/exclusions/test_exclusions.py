"""A version is kept out of what each bot chooses, and every byte comes back."""

from __future__ import annotations

import json

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from bot.manifests.exclusions import EXCLUSIONS, Exclusion, Unwritable, excluded
from bot.manifests.exclusions.exclusion import MARK
from bot.manifests.exclusions.image_updater import image_behind

IMAGE = "registry.shop.example/checkout"
BAD = Exclusion(IMAGE, "2.8.0")
NEXT = Exclusion(IMAGE, "2.8.1")

FLUX = """\
# what is scanned
apiVersion: image.toolkit.fluxcd.io/v1
kind: ImageRepository
metadata:
  name: checkout
spec:
  image: registry.shop.example/checkout  # ours
  interval: 5m
"""
FLUX_LISTED = FLUX + "  exclusionList:\n    - '^.*\\.sig$'\n    # drafts\n    - \"draft\"\n  # end\n---\nkind: Other\n"
FLUX_FLOW = FLUX + "  exclusionList: ['^.*\\.sig$'] # keep\n"
FLUX_EMPTY = FLUX + "  exclusionList: []\n"
FLUX_TWO = FLUX + "---\n" + FLUX.replace("name: checkout", "name: again") + "---\n" + FLUX.replace("checkout", "other")
UPDATER = """\
apiVersion: argocd-image-updater.argoproj.io/v1alpha1
kind: ImageUpdater
metadata: {name: shop}
spec:
  applicationRefs:
    - namePattern: "*"
      images:
        - alias: checkout
          imageName: registry.shop.example/checkout:2.x
        - alias: cart
          imageName: registry.shop.example/cart
        - alias: again
          imageName: "registry.shop.example/checkout"
          commonUpdateSettings:
            updateStrategy: semver
        - alias: more
          imageName: registry.shop.example/checkout
          commonUpdateSettings:
            ignoreTags: ["latest"]
            updateStrategy: semver
"""
ANNOTATED = """\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: checkout
  annotations:
    argocd-image-updater.argoproj.io/image-list: app=registry.shop.example/checkout:~2, cart=registry.shop.example/cart
    argocd-image-updater.argoproj.io/app.update-strategy: semver
"""
IGNORING = ANNOTATED + "    argocd-image-updater.argoproj.io/app.ignore-tags: latest,dev  # never\n"
QUOTED = ANNOTATED + '    argocd-image-updater.argoproj.io/app.ignore-tags: "latest"\n'
WAREHOUSE = """\
apiVersion: kargo.akuity.io/v1alpha1
kind: Warehouse
spec:
  subscriptions:
    - image:
        repoURL: registry.shop.example/checkout
        semverConstraint: ^2.0.0
    - git: {repoURL: https://example.org/x.git}
"""
RENOVATE = '{\n  "extends": ["config:recommended"],\n  "packageRules": [\n    {"matchManagers": ["flux"], "automerge": true}\n  ]\n}\n'
RENOVATE_BARE = '{\n  "extends": ["config:recommended"]\n}\n'
RENOVATE_EMPTY = '{\n  "packageRules": [],\n  "extends": []\n}\n'

SHAPES = {
    "flux, no list": ("flux.yaml", FLUX),
    "flux, a list": ("flux.yaml", FLUX_LISTED),
    "flux, a flow list": ("flux.yaml", FLUX_FLOW),
    "flux, an empty list": ("flux.yaml", FLUX_EMPTY),
    "flux, several documents": ("flux.yml", FLUX_TWO),
    "image updater": ("updater.yaml", UPDATER),
    "annotation": ("app.yaml", ANNOTATED),
    "annotation that ignores": ("app.yaml", IGNORING),
    "annotation, quoted": ("app.yaml", QUOTED),
    "kargo": ("warehouse.yaml", WAREHOUSE),
    "renovate": ("renovate.json", RENOVATE),
    "renovate, no rules": (".github/renovate.json", RENOVATE_BARE),
    "renovate, empty rules": ("renovate.json", RENOVATE_EMPTY),
}
some = pytest.mark.parametrize(("path", "text"), SHAPES.values(), ids=SHAPES)


@some
@pytest.mark.parametrize("newline", ["\n", "\r\n"], ids=["lf", "crlf"])
def test_applied_and_lifted_every_byte_is_as_it_was(path: str, text: str, newline: str) -> None:
    file = text.replace("\n", newline).encode()

    one = excluded(path, file, [BAD])
    two = excluded(path, one, [BAD, NEXT])

    assert one != file
    assert excluded(path, one, [BAD]) == one
    assert two != one
    assert excluded(path, two, [NEXT]) == excluded(path, file, [NEXT])
    assert excluded(path, two, []) == file
    assert newline == "\n" or b"\n" not in one.replace(b"\r\n", b"")


@some
def test_another_image_changes_nothing_but_in_renovate(path: str, text: str) -> None:
    file = text.encode()
    other = [Exclusion("registry.shop.example/nobody", "2.8.0")]

    assert (excluded(path, file, other) == file) == ("renovate" not in path)


@some
def test_what_is_no_tag_is_no_business_of_a_bot(path: str, text: str) -> None:
    for tag in ("sha256:" + "0" * 64, "a b", "x\n- y", "'", "", "refs/heads/main"):
        assert excluded(path, text.encode(), [Exclusion(IMAGE, tag)]) == text.encode()


def test_flux_reads_it() -> None:
    made = yaml.safe_load(excluded("flux.yaml", FLUX.encode(), [BAD]))
    assert made["spec"]["exclusionList"] == [r"^.*\.sig$", r"^2\.8\.0$"]
    made = next(iter(yaml.safe_load_all(excluded("flux.yaml", FLUX_LISTED.encode(), [BAD]))))
    assert made["spec"]["exclusionList"] == [r"^.*\.sig$", "draft", r"^2\.8\.0$"]
    made = yaml.safe_load(excluded("flux.yaml", FLUX_FLOW.encode(), [BAD, NEXT]))
    assert made["spec"]["exclusionList"] == [r"^.*\.sig$", r"^2\.8\.0$", r"^2\.8\.1$"]
    first, again, other = yaml.safe_load_all(excluded("flux.yaml", FLUX_TWO.encode(), [BAD]))
    assert first["spec"]["exclusionList"] == again["spec"]["exclusionList"]
    assert "exclusionList" not in other["spec"]


def test_image_updater_reads_it() -> None:
    made = yaml.safe_load(excluded("updater.yaml", UPDATER.encode(), [BAD]))
    first, cart, again, more = made["spec"]["applicationRefs"][0]["images"]
    assert first["commonUpdateSettings"] == {"ignoreTags": ["2.8.0"]}
    assert "commonUpdateSettings" not in cart
    assert again["commonUpdateSettings"] == {"updateStrategy": "semver", "ignoreTags": ["2.8.0"]}
    assert more["commonUpdateSettings"]["ignoreTags"] == ["latest", "2.8.0"]
    key = "argocd-image-updater.argoproj.io/app.ignore-tags"
    for text, said in ((ANNOTATED, "2.8.0,2.8.1"), (IGNORING, "latest,dev,2.8.0,2.8.1"), (QUOTED, "latest,2.8.0,2.8.1")):
        assert yaml.safe_load(excluded("app.yaml", text.encode(), [BAD, NEXT]))["metadata"]["annotations"][key] == said


def test_kargo_reads_it() -> None:
    made = yaml.safe_load(excluded("warehouse.yaml", WAREHOUSE.encode(), [BAD]))
    assert made["spec"]["subscriptions"][0]["image"]["ignoreTagsRegexes"] == [r"^2\.8\.0$"]


def test_renovate_reads_it() -> None:
    for text in (RENOVATE, RENOVATE_BARE, RENOVATE_EMPTY):
        rule = json.loads(excluded("renovate.json", text.encode(), [BAD, NEXT]))["packageRules"][-1]
        assert rule["matchPackageNames"] == [IMAGE]
        assert rule["allowedVersions"] == r"!/^(2\.8\.0|2\.8\.1)$/"
        assert set(rule) == {"description", "matchPackageNames", "allowedVersions"}


def test_a_full_exclusion_list_is_not_overfilled() -> None:
    full = FLUX + "  exclusionList:\n" + "".join(f"    - 'x{n}'\n" for n in range(25))
    with pytest.raises(Unwritable, match="at most 25"):
        excluded("flux.yaml", full.encode(), [BAD])


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("flux.yaml", "kind: ImageRepository\n  bad: [\n"),
        ("flux.yaml", FLUX.replace("spec:", "spec: {{ .Values.x }}")),
        ("renovate.json", "{ // json5\n}"),
        ("renovate.json", "[]"),
        ("flux.yaml", FLUX.rstrip("\n").replace("  interval: 5m", "").rstrip()),
    ],
)
def test_what_cannot_be_written_is_said(path: str, text: str) -> None:
    with pytest.raises(Unwritable):
        excluded(path, text.encode(), [BAD])


def test_what_somebody_changed_of_ours_is_said() -> None:
    made = excluded("flux.yaml", FLUX_FLOW.encode(), [BAD]).replace(b", '^2", b", 'x^2", 1)
    with pytest.raises(Unwritable, match="somebody changed"):
        excluded("flux.yaml", made, [])


@given(
    st.sampled_from(sorted({path for path, _ in SHAPES.values()})),
    st.binary(max_size=200),
    st.sampled_from(list(SHAPES.values())),
    st.integers(0, 400),
)
def test_whatever_the_file_it_answers_or_says_why_not(path: str, noise: bytes, shape: tuple[str, str], at: int) -> None:
    whole = shape[1].encode()
    for file in (noise, whole[:at] + noise + whole[at:]):
        try:
            made = excluded(path, file, [BAD])
        except Unwritable:
            continue
        if MARK.encode() not in file:
            assert excluded(path, made, []) == file


def test_every_bot_has_a_shape_here() -> None:
    said = {name for name, row in EXCLUSIONS.items() for path, text in SHAPES.values() if row.reads(path, text.encode())}
    assert said == set(EXCLUSIONS)


@pytest.mark.parametrize(
    ("at", "image"),
    [
        ("spec.source.helm.parameters[name=image.tag].value", "registry.shop.example/checkout"),
        ("spec.sources[0].helm.parameters[name=cart.tag].value", "registry.shop.example/cart"),
        ("spec.source.helm.parameters[name=other.tag].value", ""),
        ("spec.source.targetRevision", ""),
    ],
)
def test_the_updater_says_which_image_a_parameter_is_of(at: str, image: str) -> None:
    prefix = "    argocd-image-updater.argoproj.io"
    text = ANNOTATED + f"{prefix}/app.helm.image-tag: image.tag\n{prefix}/cart.helm.image-tag: cart.tag\n"

    assert image_behind(text, at) == image
    assert image_behind("", at) == image_behind("a: [", at) == ""
