from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from bot.errors import BadConfig, Unavailable
from bot.manifests.estate import Service
from bot.refs import ServiceRef
from bot.world import story
from bot.world.events import Kind
from bot.world.story import ToldCommit
from bot.world.world import World

PROD = "apps/checkout/overlays/prod/kustomization.yaml"
CHECKOUT = Service(ServiceRef("shop", "prod", "checkout"), (), ())
LABELS = {"service": "checkout", "environment": "prod"}
ADA = "Ada Byron <ada@shop.example>"


def happened(world: World, service: str = "checkout/prod") -> list[Kind]:
    return [event.kind for event in world.events if event.service in (service, "")]


def test_a_story_becomes_a_real_repository(shop: World) -> None:
    log = shop.origin.log()

    assert len(log) == len(shop.story.history)
    assert [time for _, time, _ in log] == sorted(time for _, time, _ in log)
    assert subprocess.run(["git", "fsck", "--strict"], cwd=shop.origin.folder, capture_output=True).returncode == 0
    assert shop.deployed("checkout") == "2.7.0" and shop.deployed("payments") == "7.3.0" and shop.deployed("search") == "5.1.0"


def test_the_same_story_gives_the_same_commits(tmp_path: Path) -> None:
    worlds = [World(story.load(story.SHOP), tmp_path / name) for name in ("one", "two")]

    assert worlds[0].origin.head() == worlds[1].origin.head()


def test_a_good_release_is_synced_and_nobody_notices(shop: World) -> None:
    shop.release("checkout", "2.7.1")

    shop.pass_time(600)

    assert shop.deployed("checkout") == "2.7.1" and shop.healthy("checkout")
    assert happened(shop) == [Kind.PUSHED, Kind.SYNCED]


def test_a_bad_release_fires_after_sync_window_and_hold(shop: World) -> None:
    shop.release("checkout", "2.8.0")

    shop.pass_time(600)

    assert happened(shop) == [Kind.PUSHED, Kind.SYNCED, Kind.PENDING, Kind.FIRING]
    assert shop.failing("checkout") == pytest.approx(0.31, abs=0.01)
    payload = json.loads(shop.sent[0])
    assert (payload["version"], payload["status"], payload["alerts"][0]["labels"]["service"]) == ("4", "firing", "checkout")


def test_an_alert_keeps_firing_for_its_window_after_the_cure(shop: World) -> None:
    shop.release("checkout", "2.8.0")
    shop.pass_time(900)
    shop.release("checkout", "2.7.0")

    shop.pass_time(150)
    still = shop.metrics.firing("HighErrorRate", LABELS), shop.healthy("checkout")
    shop.pass_time(400)

    assert still == (True, True)
    assert shop.metrics.firing("HighErrorRate", LABELS) is False
    assert [json.loads(payload)["status"] for payload in shop.sent] == ["firing", "resolved"]


def test_metrics_answer_as_prometheus_does(shop: World) -> None:
    start = shop.clock.now()
    shop.release("checkout", "2.8.0")
    shop.pass_time(600)

    samples = shop.metrics.samples("HighErrorRate", LABELS, start, shop.clock.now())

    assert shop.metrics.range_window("HighErrorRate") == 360
    assert shop.metrics.range_window("Unknown") is None and shop.metrics.firing("Unknown", {}) is None
    since = shop.metrics.pending_since("HighErrorRate", LABELS)
    assert since is not None and start + 90 < since < start + 180
    assert samples[0].value == pytest.approx(0.002) and samples[-1].value > 0.3


def test_trouble_outside_is_no_release(shop: World) -> None:
    shop.break_outside("catalogue", 0.4, 900)

    shop.pass_time(480)
    failing = shop.failing("catalogue"), shop.failing("frontend"), shop.failing("checkout")
    shop.pass_time(900)

    assert failing[0] > 0.3 and failing[1] > 0.3, "those who call it fail along"
    assert failing[2] < 0.01
    assert happened(shop, "catalogue/prod")[-1] is Kind.RESOLVED


def test_a_bad_line_of_configuration_is_as_bad_as_a_version(tmp_path: Path) -> None:
    told = story.load(story.SHOP)
    services = tuple(
        story.ToldService(s.name, s.environment, s.path, s.pattern, {}, {"POOL_SIZE=0": 0.9} if s.key == "checkout/prod" else {}, ())
        for s in told.services
    )
    world = World(story.Story(told.name, told.start, told.branch, told.history, services, told.alerts, told.errors), tmp_path)

    world.push(ToldCommit(told.start, ADA, "Tune the pool\n", replace={PROD: {"POOL_SIZE=40": "POOL_SIZE=0"}}))
    world.pass_time(600)

    assert world.failing("checkout") > 0.8 and len(world.sent) == 1


def test_a_cluster_that_is_stuck_runs_what_it_ran(shop: World) -> None:
    shop.cluster.stuck = True
    before = shop.cluster.sync(CHECKOUT)
    shop.release("checkout", "2.8.0")

    shop.pass_time(3600)

    assert shop.desired("checkout") == "2.8.0" and shop.deployed("checkout") == "2.7.0"
    assert shop.cluster.sync(CHECKOUT) == before


def test_the_cluster_says_when_pods_are_not_ready_yet(shop: World) -> None:
    head = shop.release("checkout", "2.7.1")
    shop.pass_time(75)

    syncing = shop.cluster.sync(CHECKOUT)
    shop.pass_time(30)
    synced = shop.cluster.sync(CHECKOUT)

    assert syncing and synced
    assert (syncing.revision, syncing.healthy) == (head, None)
    assert (synced.revision, synced.healthy, synced.since) == (head, True, syncing.since)
    assert shop.cluster.sync(Service(ServiceRef("shop", "prod", "unknown"), (), ())) is None


def test_an_image_automation_brings_the_newest_back(shop: World) -> None:
    automation = shop.automate("checkout", "2.8.0")
    shop.release("checkout", "2.8.0")
    shop.release("checkout", "2.7.0", who=ADA)

    shop.pass_time(120)

    assert shop.desired("checkout") == "2.8.0" and automation.pushed == 1


def test_an_image_automation_leaves_a_muted_marker_alone(shop: World) -> None:
    automation = shop.automate("checkout", "2.8.0")
    muted = {'# {"$imagepolicy"': '# held {"$imagepolicy"'}
    shop.push(ToldCommit(shop.clock.now(), ADA, "Hold checkout\n", replace={PROD: muted}))

    shop.pass_time(300)

    assert shop.desired("checkout") == "2.7.0" and automation.pushed == 0


def test_a_person_merges_a_branch(shop: World) -> None:
    shop.origin.tell([ToldCommit(shop.clock.now(), ADA, "Try\n", replace={PROD: {'"2.7.0"': '"2.7.1"'}})], branch="try")
    shop.push(ToldCommit(shop.clock.now(), ADA, "Meanwhile\n", files={"NOTES.md": "hello\n"}))

    shop.merge("try")

    assert shop.desired("checkout") == "2.7.1" and "NOTES.md" in shop.origin.paths(shop.origin.log()[-1][0], "")


def test_metrics_that_are_down_say_so(shop: World) -> None:
    shop.metrics.down = True

    with pytest.raises(Unavailable):
        shop.metrics.firing("HighErrorRate", LABELS)


@pytest.mark.parametrize(("text", "expected"), [("90s", 90), ("-3h10m", -11400), ("2d", 172800), (15, 15), ("1.5h", 5400)])
def test_time_spans(text: str | int, expected: float) -> None:
    assert story.seconds(text) == expected


def test_a_story_that_contradicts_itself_says_where(shop: World) -> None:
    with pytest.raises(BadConfig, match="Typo"):
        shop.push(ToldCommit(shop.clock.now(), ADA, "Typo\n", replace={PROD: {"no such text": "x"}}))
    with pytest.raises(BadConfig):
        shop.release("checkout", "2.7.0")
    with pytest.raises(BadConfig):
        story.seconds("soon")
