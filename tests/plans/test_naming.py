"""What undoes a commit goes by versions where the commit moved one, and by commits where it did not."""

from __future__ import annotations

import pytest

from bot.plans.make import make
from bot.plans.plan import ByCommit
from tests.plans.conftest import Telling
from tests.plans.test_make import planned


def deployment(name: str, tag: str, replicas: int = 2) -> str:
    return (
        f"apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {name}\nspec:\n  replicas: {replicas}\n  template:\n    spec:\n"
        f"      containers:\n        - name: {name}\n          image: ghcr.io/acme/{name}:{tag}\n"
    )


SHOP, CART = "apps/shop/prod/deployment.yaml", "apps/cart/prod/deployment.yaml"


@pytest.mark.parametrize(
    ("released", "named"),
    [
        pytest.param({SHOP: deployment("shop", "1.1.0")}, True, id="one service's image"),
        pytest.param({SHOP: deployment("shop", "1.1.0", 3)}, True, id="and its configuration"),
        pytest.param({SHOP: deployment("shop", "1.1.0"), CART: deployment("cart", "1.1.0")}, True, id="two that move together"),
        pytest.param({SHOP: deployment("shop", "1.0.0", 3)}, False, id="configuration alone"),
        pytest.param({SHOP: deployment("shop", "1.1.0"), CART: deployment("cart", "2.0.0")}, False, id="two that move apart"),
        pytest.param({SHOP: deployment("shop", "1.1.0"), CART: deployment("cart", "1.0.0", 3)}, False, id="one of two moves"),
    ],
)
def test_a_commit_s_undoing_is_named(tell: Telling, released: dict[str, str], named: bool) -> None:
    state = tell({SHOP: deployment("shop", "1.0.0"), CART: deployment("cart", "1.0.0")}, released)

    plan = planned(make(ByCommit("HEAD"), state))

    bad, good = state.log
    assert plan.target is not None and plan.target.commit == good.sha
    assert (plan.undone_version, plan.target.version) == (("1.1.0", "1.0.0") if named else (bad.sha[:12], good.sha[:12]))
