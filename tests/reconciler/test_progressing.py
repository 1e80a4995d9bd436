"""A release that Flagger or Argo Rollouts rolls out: nothing of ours while they act, and Git is repaired once they have."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.reconciler.gating import forward, gate
from bot.reconciler.intake import receive
from bot.signals.flagger import question
from bot.world import story
from bot.world.lived import LivedWorld
from bot.world.progressive import Controller

CANARY = """\
apiVersion: flagger.app/v1beta1
kind: Canary
metadata: {name: checkout}
spec:
  targetRef: {apiVersion: apps/v1, kind: Deployment, name: checkout}
"""
FAILED = {"env": "prod", "rollbot": "act", "eventMessage": "Canary failed! Scaling down checkout.shop-prod"}


def a_world(folder: Path, **config: Any) -> LivedWorld:
    raw = yaml.safe_load(story.SHOP.read_text())
    files = raw["history"][0]["files"]
    files["apps/checkout/overlays/prod/canary.yaml"] = CANARY
    files[".rollbot.yaml"] = yaml.safe_dump({"policy": {"trust": {"prod": "merge"}}, **config})
    return LivedWorld(story.read(raw), folder)


@pytest.fixture
def rolled_out(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[LivedWorld]:
    """Flagger gives 2.8.0 a part of the traffic, and the alert fires."""
    with a_world(tmp_path, **getattr(request, "param", {})) as world:
        world.cluster.controllers["checkout/prod"] = Controller("Flagger", share=0.3, patience=900)
        world.release("checkout", "2.8.0")
        world.pass_time(9 * 60)
        yield world


def asks() -> Any:
    return question(
        json.dumps({"name": "checkout", "namespace": "shop-prod", "phase": "Progressing", "metadata": {"env": "prod"}}).encode(), 0.0
    )


def test_flagger_s_gate_is_told_to_take_back_what_is_suspected_while_it_is_rolled_out(rolled_out: LivedWorld) -> None:
    said = gate(asks(), rolled_out.ports())

    assert (said.opens, "what it rolls out is suspected" in said.why) == (True, True), said.why


@pytest.mark.parametrize(
    ("rolled_out", "opens"),
    [
        pytest.param({}, False, id="merge"),
        pytest.param({"policy": {"trust": {"prod": "propose"}}}, False, id="one rung earlier"),
        pytest.param({"policy": {"trust": {"prod": "notify"}}}, True, id="only told"),
    ],
    indirect=["rolled_out"],
)
def test_it_spreads_no_further_while_its_alert_fires(rolled_out: LivedWorld, opens: bool) -> None:
    said = forward(asks(), rolled_out.ports())

    assert (said.opens, opens or "HighErrorRate fires" in said.why) == (opens, True), said.why


@pytest.mark.parametrize("rolled_out", [{"policy": {"trust": {"prod": "propose"}}}], indirect=True)
def test_the_gate_stays_shut_where_trust_does_not_go_so_far(rolled_out: LivedWorld) -> None:
    said = gate(asks(), rolled_out.ports())

    assert (said.opens, "trust in prod goes no further than propose" in said.why) == (False, True), said.why


def test_nothing_of_ours_is_written_while_it_acts(rolled_out: LivedWorld) -> None:
    assert [branch for branch in rolled_out.origin.branches() if branch.startswith("rollbot/")] == []
    assert rolled_out.desired("checkout") == "2.8.0"


def test_what_flagger_itself_tells_is_enough_to_repair_git(tmp_path: Path) -> None:
    """No alert fires: the canary's share was too small, or it was taken back at once."""
    with a_world(tmp_path) as world:
        world.cluster.controllers["checkout/prod"] = Controller("Flagger", share=0.01, patience=120)
        world.release("checkout", "2.8.0")
        world.pass_time(5 * 60)
        failed = {"name": "checkout", "namespace": "shop-prod", "phase": "Failed", "checksum": "1", "metadata": FAILED}
        receive("flagger", json.dumps(failed).encode(), world.ports())
        world.pass_time(5 * 60)

        incident = world.incident()
        assert incident is not None and incident.action.repairs.endswith("Canary failed! Scaling down checkout.shop-prod")
        assert (str(incident.state), world.desired("checkout"), world.deployed("checkout")) == ("proposed", "2.8.0", "2.7.0")
        [branch] = [branch for branch in world.origin.branches() if branch.startswith("rollbot/")]
        world.merge(branch)
        world.pass_time(5 * 60)
        assert world.desired("checkout") == "2.7.0"
