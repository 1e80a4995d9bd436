"""What Flux's first automation released by itself does not come again: it is turned off where its release goes back."""

from __future__ import annotations

import pytest

from bot.objections import Weight
from bot.plans.make import make
from bot.plans.plan import ByCommit, ByPath, ByService
from tests.plans.test_make import codes, planned

FILE = "default/shop.yaml"


def release(tag: str, automated: str = '"true"', name: str = "shop", key: str = "fluxcd.io/automated") -> str:
    return (
        f"---\napiVersion: helm.fluxcd.io/v1\nkind: HelmRelease\nmetadata:\n  name: {name}\n  namespace: default\n  annotations:\n"
        f"    {key}: {automated}  # by itself\n    fluxcd.io/tag.chart-image: semver:~1\nspec:\n  values:\n"
        f"    image:\n      repository: acme/{name}\n      tag: {tag}\n"
    )


@pytest.mark.parametrize("key", ["fluxcd.io/automated", "flux.weave.works/automated"])
@pytest.mark.parametrize("subject", ["Auto-release acme/shop:1.1", "Auto-release multiple (2) images\n\n - acme/shop:1.1\n - acme/x:2"])
def test_it_is_turned_off_where_its_release_goes_back(tell, subject, key):
    others = release("3", name="other", key=key)
    state = tell({FILE: release("1.0", key=key) + others}, (subject, {FILE: release("1.1", key=key) + others}))

    for selector in (ByCommit("HEAD"), ByService("shop")):
        plan = planned(make(selector, state))

        assert plan.files == {FILE: (release("1.0", '"false"', key=key) + others).encode()}
        assert [(o.weight, o.path, o.line) for o in plan.objections if o.code == "automation-off"] == [(Weight.NOTE, FILE, 8)]


@pytest.mark.parametrize(
    ("subject", "automated"),
    [
        pytest.param("Use shop 1.1", '"true"', id="a person's release"),
        pytest.param("Auto-release notes for 1.1", '"true"', id="not Flux's subject"),
        pytest.param("Auto-release acme/shop:1.1", '"false"', id="off already"),
        pytest.param("Auto-release acme/shop:1.1", "&on 'true'", id="others follow the switch"),
    ],
)
def test_it_stays_as_it_is(tell, subject, automated):
    state = tell({FILE: release("1.0", automated)}, (subject, {FILE: release("1.1", automated)}))

    plan = planned(make(ByCommit("HEAD"), state))

    assert plan.files == {FILE: release("1.0", automated).encode()}
    assert "automation-off" not in codes(plan)


def test_a_place_alone_goes_back_alone(tell):
    state = tell({FILE: release("1.0")}, ("Auto-release acme/shop:1.1", {FILE: release("1.1")}))

    assert planned(make(ByPath(FILE, value="1.1"), state)).files == {FILE: release("1.0").encode()}
