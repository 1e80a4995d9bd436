"""Every way that an incident, a quarantine, a comment and a notice can go, to be died of at every step (tests/reconciler/pair.py)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bot.reconciler.stopping import LABEL
from bot.world.people import FLUX
from bot.world.story import ToldCommit
from tests.reconciler.test_kills import WAYS, Way, bad_release, proposals

ADA = "Ada Byron <ada@shop.example>"
ISSUE = 9000
HOUR = 3600.0
SCANNED = """\
apiVersion: image.toolkit.fluxcd.io/v1
kind: ImageRepository
metadata:
  name: checkout
spec:
  image: registry.shop.example/checkout
  interval: 5m
"""
STOP = ".rollbot/stop"


def merging(**policy: Any) -> dict[str, Any]:
    return {"policy": {"trust": {"prod": "merge"}} | policy}


def proposing(**policy: Any) -> dict[str, Any]:
    return {"policy": {"trust": {"prod": "propose"}} | policy}


def scanned(world: Any) -> None:
    """Another bot's file says which versions it may choose."""
    world.push(ToldCommit(world.clock.now(), ADA, "Scan\n", files={"clusters/images.yaml": SCANNED}))
    bad_release(world)


def stopped(world: Any) -> None:
    world.push(ToldCommit(world.clock.now(), ADA, "Stop\n", files={STOP: "wait\n"}))
    bad_release(world)


def stopped_by_label(world: Any) -> None:
    world.talk.labels[(world.talk.open_issue("Stop"), LABEL)] = "tom"
    bad_release(world)


def everything_fails(world: Any) -> None:
    for service in ("checkout", "catalogue", "frontend", "payments", "search"):
        world.break_outside(service, 0.9, 1200.0)


def fails_for_a_while(world: Any) -> None:
    """The symptom goes by itself while its proposal stands."""
    world.release("checkout", "2.7.1")
    world.break_outside("checkout", 0.9, 900.0)


def forge_away(world: Any) -> None:
    bad_release(world)
    world.cut = world.clock.now() + 1200.0
    for desk in (worker.forge for worker in world.pair):
        desk.down = True


def forge_back(world: Any) -> None:
    if world.clock.now() >= world.cut:
        for desk in (worker.forge for worker in world.pair):
            desk.down = False


def exclusions(merges: bool) -> Callable[[Any], None]:
    """A person merges what tells other bots, or closes it."""

    def see(world: Any) -> None:
        for branch in (branch for branch in proposals(world) if branch.startswith("rollbot/exclude/")):
            world.merge(branch) if merges else world.origin.delete(branch)

    return see


def once_ended(act: Callable[[Any], Any]) -> Callable[[Any], None]:
    """What happens once, when the first incident has ended and its service is well."""

    def see(world: Any) -> None:
        first = world.incidents()[0] if world.incidents() else None
        if first and first.ended and not getattr(world, "seen_to", False):
            world.seen_to = True
            act(world)

    return see


def says(words: str, state: str) -> Callable[[Any], None]:
    """Somebody comments, once, when an incident has come to that state."""

    def see(world: Any) -> None:
        if any(incident.state == state for incident in world.incidents()) and not getattr(world, "seen_to", False):
            world.seen_to = True
            world.talk.open_issue("It hangs")
            world.say(ISSUE, f"/rollback {words} checkout in prod")

    return see


def undoes(world: Any) -> None:
    """It was innocent after all: somebody asks for the undo, and merges it."""
    says("undo", "ended")(world)
    found = [branch for branch in proposals(world) if branch.endswith("-undo")]
    if found and not getattr(world, "merged", False):
        world.merged = True
        world.story.service("checkout", "prod").bad.clear()
        world.merge(found[0])


def goes_on(world: Any) -> None:
    """After some minutes nothing is stopped any more."""
    if world.clock.now() < world.story.start + 900:
        return
    world.talk.labels.clear()
    if STOP in world.origin.paths(world.origin.head(), ""):
        world.push(ToldCommit(world.clock.now(), ADA, "Go on\n", files={STOP: None}))


def brought_back(world: Any) -> None:
    """A bot brings it back, each time it has been taken back, three times."""
    times = getattr(world, "times", 0)
    first = world.incidents()[0] if world.incidents() else None
    if first and first.ended and times < 3 and world.desired("checkout") != "2.8.0" and world.healthy("checkout"):
        world.times = times + 1
        world.story.service("checkout", "prod").bad.clear()  # no alert comes in between, sooner or later than the bot is answered
        world.release("checkout", "2.8.0", who=FLUX)


COUNTDOWN = {"countdown": {"environments": ["prod"], "lasts": "5m"}}
QUICK = {"attribution": {"good_after": "10m"}}

MORE: dict[str, Way] = {
    "told-to-others": Way(scanned, merging(), people=exclusions(True), after=900),
    "not-told-to-others": Way(scanned, merging(), people=exclusions(False), after=900),
    "brought-back": Way(bad_release, merging(), people=brought_back, after=2400),
    "kept-longer": Way(bad_release, merging(quarantine="30m"), after=2400),
    "newer-served": Way(bad_release, merging() | QUICK, people=once_ended(lambda world: world.release("checkout", "2.8.1")), after=2400),
    "allowed": Way(bad_release, merging(), people=says("allow 2.8.0", "ended"), after=900),
    "storm": Way(everything_fails, {"alerts": {"storm_services": 3}} | merging(), ends=("resolved-by-itself",) * 6),
    "countdown": Way(bad_release, merging(**COUNTDOWN)),
    "approved": Way(bad_release, merging(**COUNTDOWN), people=says("approve", "proposed")),
    "cancelled": Way(bad_release, merging(**COUNTDOWN), people=says("cancel", "proposed"), ends=("cancelled",)),
    "approved-proposal": Way(bad_release, proposing(), people=says("approve", "proposed")),
    "held": Way(bad_release, merging(**COUNTDOWN), people=says("hold 5m", "proposed")),
    "undone-as-asked": Way(bad_release, merging(), people=undoes, ends=("done",), after=1200),
    "went-by-itself": Way(fails_for_a_while, proposing(), ends=("resolved-by-itself",)),
    "stopped-for-a-while": Way(stopped, merging(), people=goes_on),
    "stopped-by-label": Way(stopped_by_label, merging(), people=goes_on),
    "forge-away": Way(forge_away, merging(), people=forge_back),
}
ALL_WAYS: dict[str, Way] = WAYS | MORE
