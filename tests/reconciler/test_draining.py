"""The bad side's traffic goes first where it may, else with the rollback; both come back in one commit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from bot.changes.change import Blocked
from bot.reconciler.asking import ask
from bot.signals.signal import Asked
from bot.world.lived import LivedWorld
from tests.reconciler.draining import DRAINS, a_story, file, ours, reroute, said, weights

PROPOSED = {"policy": {"trust": {"prod": "propose"}}, "traffic": {**DRAINS, "trust": {"prod": "merge"}}}
Making = Callable[..., LivedWorld]


@pytest.fixture
def make(tmp_path: Any) -> Iterator[Making]:
    worlds: list[LivedWorld] = []

    def made(**config: Any) -> LivedWorld:
        worlds.append(LivedWorld(a_story(**config), tmp_path / str(len(worlds))))
        return worlds[-1]

    yield made
    for world in worlds:
        world.close()


def broken(world: LivedWorld, minutes: float = 5) -> LivedWorld:
    world.release("checkout-canary", "3.5.0")
    world.pass_time(minutes * 60)
    return world


def undo(world: LivedWorld) -> None:
    world.talk.open_issue("It hangs")
    world.say(9000, "/rollback undo checkout-canary in prod")
    world.pass_time(60)


def merge_proposal(world: LivedWorld) -> None:
    [branch] = [branch for branch in world.origin.branches() if branch.startswith("rollbot/")]
    world.merge(branch)


def test_the_traffic_goes_in_a_commit_of_its_own_and_the_version_follows(make: Making) -> None:
    world = broken(make())

    drain, pin = ours(world)
    assert drain.startswith("Drain checkout-canary of checkout-canary in prod\n")
    assert "Rollback-Drain: 1 checkout-canary\n" in drain and "Rollback-Release" not in drain
    assert pin.startswith("Roll back checkout-canary in prod from 3.5.0 to 3.4.0\n")
    assert weights(world) == ["100", "0"]
    [drained, rolled] = [sha for sha, _, _ in world.origin.log() if "\nRollback-" in world.origin.message(sha)]
    assert list(world.origin.touched(drained)) == ["apps/checkout/overlays/prod/route.yaml"]
    assert "apps/checkout/overlays/prod/route.yaml" not in world.origin.touched(rolled)
    world.settle(3600)
    incident = world.incident()
    assert incident is not None and str(incident.end) == "recovered" and incident.action.drained == drained


def test_it_may_go_by_itself_where_the_rollback_waits_for_a_person(make: Making) -> None:
    world = broken(make(**PROPOSED), minutes=40)

    incident = world.incident()
    assert incident is not None and incident.resolved is not None, "the symptom went with the traffic"
    assert (str(incident.state), weights(world), world.desired("checkout-canary")) == ("proposed", ["100", "0"], "3.5.0")
    assert incident.action.pull is not None and "is taken away first" in said(world)
    told = {notice.title: notice.text for notice in world.pager.notices.values()}
    assert "Done: checkout-canary gets no traffic any more\n" in told["prod/checkout-canary: checkout-canary gets no traffic any more"]
    assert f"Done: checkout-canary gets no traffic any more; pull request {incident.action.pull} waits" in "".join(told.values())
    merge_proposal(world)
    world.settle(3600)
    assert (str(world.incident().end), world.deployed("checkout-canary")) == ("recovered", "3.4.0")  # type: ignore[union-attr]


def test_that_the_metrics_are_calm_once_it_is_drained_closes_nothing(make: Making) -> None:
    """That the alert is resolved was never said: the word was lost."""
    world = make(**PROPOSED)
    hear = world.hear
    world.hear = lambda payload: None if b'"status": "resolved"' in payload else hear(payload)  # type: ignore[method-assign]

    broken(world, minutes=40)

    incident = world.incident()
    assert incident is not None and (str(incident.state), incident.resolved, weights(world)) == ("proposed", None, ["100", "0"])


@pytest.mark.parametrize("trust", ["merge", "push"])
def test_one_commit_takes_both_back_to_the_byte(make: Making, trust: str) -> None:
    world = make(policy={"trust": {"prod": trust}})
    head = world.release("checkout-canary", "3.5.0")
    world.pass_time(5 * 60)

    undo(world)
    merge_proposal(world)

    assert ["Rollback-Undo: " in message for message in ours(world)].count(True) == 1 and len(ours(world)) == 3
    assert [file(world, name) for name in ("route.yaml", "canary.yaml")] == [
        file(world, name, head) for name in ("route.yaml", "canary.yaml")
    ]
    assert world.origin.paths(world.origin.head(), ".rollbot/quarantine") == ()  # type: ignore[arg-type]


def test_a_person_who_does_not_want_the_rollback_can_have_the_traffic_back(make: Making) -> None:
    world = broken(make(**PROPOSED))
    before = world.story.history[0].files["apps/checkout/overlays/prod/route.yaml"]
    [branch] = [branch for branch in world.origin.branches() if branch.startswith("rollbot/")]
    world.origin.delete(branch)
    world.settle(600)
    incident = world.incident()
    assert incident is not None and "checkout-canary still gets no traffic" in incident.why

    undo(world)
    merge_proposal(world)

    assert file(world, "route.yaml") == before


def test_what_the_forge_does_not_merge_goes_with_the_rollback(make: Making) -> None:
    world = make()
    world.forge.blocks = Blocked("two reviews", waiting=False)

    broken(world)

    incident = world.incident()
    assert incident is not None and incident.action.shift == "with" and incident.action.drained is None
    assert weights(world) == ["70", "30"] and ours(world) == []
    [branch] = [branch for branch in world.origin.branches() if branch.startswith("rollbot/")]
    assert sorted(path for path in world.origin.touched(world.origin.head(branch)) if not path.startswith(".rollbot")) == [
        "apps/checkout/overlays/prod/canary.yaml",
        "apps/checkout/overlays/prod/route.yaml",
    ]


@pytest.mark.parametrize(
    ("config", "why"),
    [
        pytest.param({"policy": {"trust": {"prod": "propose"}}}, "trust", id="not trusted"),
        pytest.param({"policy": {"trust": {"prod": "merge"}, "protected": ["checkout*"]}}, "protected", id="protected"),
    ],
)
def test_what_needs_a_person_is_one_proposal(make: Making, config: dict[str, Any], why: str) -> None:
    world = broken(make(**config))

    incident = world.incident()
    assert incident is not None and (incident.action.shift, str(incident.state)) == ("with", "proposed")
    assert weights(world) == ["70", "30"] and "is taken away with it" in said(world)
    merge_proposal(world)
    assert weights(world) == ["100", "0"] and world.desired("checkout-canary") == "3.4.0"


def test_nothing_is_drained_where_nobody_opted_in_or_somebody_holds_it(make: Making) -> None:
    calm, held = make(traffic={}), make()
    held.talk.open_issue("It hangs")
    held.say(9000, "/rollback hold checkout-canary 2h")

    broken(calm)
    broken(held, minutes=20)

    assert weights(calm) == ["70", "30"] and calm.desired("checkout-canary") == "3.4.0"
    assert weights(held) == ["70", "30"] and held.desired("checkout-canary") == "3.5.0"


def test_while_people_maintain_it_the_traffic_stays_where_it_is(make: Making) -> None:
    window = {"start": "2026-06-09T09:00", "end": "2026-06-09T11:00"}
    world = broken(make(policy={"trust": {"prod": "merge"}, "maintenance": [window]}), minutes=15)

    assert weights(world) == ["70", "30"] and ours(world) == [] and "[maintenance]" in said(world)


def test_what_cannot_be_drained_is_rolled_back_all_the_same_and_it_is_said_why(make: Making) -> None:
    world = make()
    reroute(world, "70\n", "0\n        - name: spare\n          weight: 0\n")

    broken(world)

    assert world.desired("checkout-canary") == "3.4.0" and "weight: 30" in file(world, "route.yaml")
    assert "note: apps/checkout/overlays/prod/route.yaml:8: none of checkout, spare gets traffic now" in said(world)


def asked(world: LivedWorld, **more: Any) -> Asked:
    return Asked("r1", "ada", world.clock.now(), service="checkout-canary", environment="prod", mode="push", drain=True, **more)


def test_who_asks_for_it_gets_both_in_one_commit(make: Making) -> None:
    world = make()
    world.release("checkout-canary", "3.5.0")

    ask(asked(world), world.ports())
    world.pass_time(60)

    assert len(ours(world)) == 1
    assert weights(world) == ["100", "0"] and world.desired("checkout-canary") == "3.4.0"


def test_who_asks_for_what_cannot_be_had_gets_nothing_and_the_reason(make: Making) -> None:
    world = make()
    reroute(world, "70\n", "0\n")
    reroute(world, "weight: 30", "weight: 0")
    world.release("checkout-canary", "3.5.0")

    ask(asked(world), world.ports())
    world.pass_time(60)

    incident = world.incident()
    assert incident is not None and str(incident.end) == "declined" and "all 0: nothing is routed [weights-sum]" in incident.why
    assert ours(world) == []
