"""The image and the manifests of one source are one version in two places."""

from __future__ import annotations

import pytest

from bot.objections import Weight
from bot.plans.make import make
from bot.plans.plan import ByCommit, ByPath
from bot.plans.sources import repository
from tests.plans.test_make import codes, planned

FILE = "components/pump/kustomization.yaml"


def kustomization(ref: str, pump: str, hose: str = "7") -> str:
    return (
        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n"
        f"  - https://github.com/acme/pump/config/default?ref={ref}\nimages:\n"
        f"  - name: quay.io/acme/pump\n    newTag: {pump}\n  - name: quay.io/acme/hose\n    newTag: '{hose}'\n"
    )


@pytest.mark.parametrize(
    ("url", "name"),
    [
        pytest.param("https://github.com/acme/pump/config/default", "pump", id="a folder of it"),
        pytest.param("https://github.com/acme/pump//config/default?ref=1", "pump", id="kustomize's root marker"),
        pytest.param("github.com/acme/pump", "pump", id="without a scheme"),
        pytest.param("git@github.com:acme/pump.git", "pump", id="over SSH"),
        pytest.param("https://git.example.org/a/b/pump.git/config", "pump", id="below a group"),
        pytest.param("https://git.example.org/pump.git", "pump", id="without an owner"),
        pytest.param("https://example.org/pump", None, id="no repository"),
        pytest.param("", None, id="nothing"),
    ],
)
def test_the_name_of_a_repository(url, name):
    assert repository(url) == name


def test_the_image_goes_back_to_what_stood_beside_the_ref(tell):
    state = tell(
        {FILE: kustomization("aaa", "1.0")},
        {FILE: kustomization("bbb", "1.0")},
        {FILE: kustomization("bbb", "1.1")},
        {FILE: kustomization("bbb", "1.1", hose="8")},
    )

    plan = planned(make(ByPath(FILE, value="bbb"), state, to="aaa"))

    assert plan.files == {FILE: kustomization("aaa", "1.0", hose="8").encode()}
    assert [o.weight for o in plan.objections if o.code == "same-source"] == [Weight.PERSON]


def test_both_that_moved_at_once_go_without_a_word(tell):
    state = tell({FILE: kustomization("aaa", "1.0")}, {FILE: kustomization("bbb", "1.1")})

    plan = planned(make(ByPath(FILE, value="bbb"), state))

    assert plan.files == {FILE: kustomization("aaa", "1.0").encode()}
    assert "same-source" not in codes(plan)


def test_a_ref_that_stood_beside_both_images_stays(tell):
    state = tell({FILE: kustomization("aaa", "1.0")}, {FILE: kustomization("aaa", "1.1")})

    plan = planned(make(ByPath(FILE, value="1.1"), state))

    assert plan.files == {FILE: kustomization("aaa", "1.0").encode()}
    assert "same-source" not in codes(plan)


@pytest.mark.parametrize(
    ("undone", "later"),
    [
        pytest.param(kustomization("bbb", "1.0"), kustomization("bbb", "1.1"), id="the ref goes, the image came later"),
        pytest.param(kustomization("bbb", "1.1"), kustomization("bbb", "1.2"), id="both went, the image moved again"),
        pytest.param(kustomization("aaa", "1.1"), kustomization("bbb", "1.1"), id="the image goes, the ref came later"),
    ],
)
def test_an_undone_half_takes_the_other_back(tell, undone, later):
    state = tell({FILE: kustomization("aaa", "1.0")}, {FILE: undone}, {FILE: later}, {FILE: later.replace("'7'", "'8'")})

    plan = planned(make(ByCommit(state.log[2].sha), state))

    assert plan.files == {FILE: kustomization("aaa", "1.0", hose="8").encode()}
    assert [o.weight for o in plan.objections if o.code == "same-source"] == [Weight.PERSON]
    assert "moved-on" not in codes(plan)


def test_another_source_is_left_when_a_commit_is_undone(tell):
    state = tell({FILE: kustomization("aaa", "1.0")}, {FILE: kustomization("bbb", "1.0")}, {FILE: kustomization("bbb", "1.0", hose="8")})

    plan = planned(make(ByCommit(state.log[1].sha), state))

    assert plan.files == {FILE: kustomization("aaa", "1.0", hose="8").encode()}
    assert "same-source" not in codes(plan)
