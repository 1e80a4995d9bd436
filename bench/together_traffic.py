"""Error budget spent until a bad canary is gone: its version alone taken back, against its traffic first. In virtual time.

Run: python bench/together_traffic.py. A world with a real Git repository lives through each case twice: once with `traffic.drain`, once
without. Spent are the seconds of a whole outage that the failed requests amount to, from the release on until the good version serves
again (two hours at most); what is spent before the alert fires is in both. `drain_saved`: the share of all that is spent without a drain,
over all cases alike.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import yaml

from bot.world import story
from bot.world.lived import LivedWorld
from bot.world.story import Story
from bot.world.traffic import SCRAPE

CANARY = Path(__file__).parents[1] / "fixtures" / "repositories" / "canary.yaml"
ROUTE = "apps/checkout/overlays/prod/route.yaml"
SERVICE, BAD = "checkout-canary", "3.5.0"
LASTS = 2 * 3600.0
PERSON = 20 * 60.0
"""So long a person takes to merge a proposal at night."""
SHARES = (10, 30, 100)
PODS = (30.0, 300.0, 900.0)
TRUSTS = ("merge", "propose")


@dataclass(frozen=True)
class Case:
    """`share`: of the traffic, in percent, on the bad side; `pods`: seconds until new pods serve; `trust`: of the rollback."""

    share: int
    pods: float
    trust: str

    def story(self, drains: bool) -> Story:
        raw: dict[str, Any] = yaml.safe_load(CANARY.read_text())
        files = raw["history"][0]["files"]
        files[ROUTE] = files[ROUTE].replace("weight: 70", f"weight: {100 - self.share}").replace("weight: 30", f"weight: {self.share}")
        traffic = {"drain": ["prod"], "trust": {"prod": "merge"}} if drains else {}
        files[".rollbot.yaml"] = yaml.safe_dump({"policy": {"trust": {"prod": self.trust}}, "traffic": traffic})
        return story.read(raw)


def spent(case: Case, drains: bool) -> tuple[float, bool]:
    """Seconds of whole outage until two hours after the release, and whether the good version serves then."""
    with tempfile.TemporaryDirectory() as folder, LivedWorld(case.story(drains), Path(folder)) as world:
        world.cluster.rollout = case.pods
        world.release(SERVICE, BAD)
        end, lost, seen = world.clock.now() + LASTS, 0.0, dict[str, float]()
        served = False
        while world.clock.now() < end and not (served and world.deployed(SERVICE) != BAD and world.healthy(SERVICE)):
            world.pass_time(SCRAPE)
            served = served or world.deployed(SERVICE) == BAD
            lost += (world.failing(SERVICE) - world.story.errors) * SCRAPE
            for branch in _proposed(world):
                if world.clock.now() >= seen.setdefault(branch, world.clock.now()) + PERSON:
                    world.merge(branch)
        return lost, world.deployed(SERVICE) != BAD


def _proposed(world: LivedWorld) -> Iterator[str]:
    """Rollbacks that wait for a person. Who is asked to undo one while pods are still being replaced looks at the metric, and leaves it."""
    for branch in world.origin.branches():
        ours = branch.startswith("rollbot/") and not branch.endswith("-undo")
        pull = world.pulls.pull(branch) if ours else None
        if pull is not None and pull.state == "open":
            yield branch


def measure() -> Mapping[str, float]:
    """Print the table and answer `drain_saved`."""
    print("| on the bad side | new pods take | the rollback | its version alone | its traffic first | saved |")
    print("| --- | --- | --- | --- | --- | --- |")
    sums = {trust: [0.0, 0.0] for trust in TRUSTS}
    for case in (Case(*each) for each in product(SHARES, PODS, TRUSTS)):
        (without, gone), (drained, also) = spent(case, False), spent(case, True)
        if not (gone and also):
            raise SystemExit(f"{case}: the bad version still serves after two hours, so there is nothing to compare")
        sums[case.trust] = [sums[case.trust][0] + without, sums[case.trust][1] + drained]
        how = "merges by itself" if case.trust == "merge" else f"waits {PERSON / 60:.0f} min for a person"
        row = (f"{case.share} %", f"{case.pods / 60:g} min", how, f"{without:.0f} s", f"{drained:.0f} s", f"{1 - drained / without:.0%}")
        print("| " + " | ".join(row) + " |", flush=True)
    print()
    for trust, (without, drained) in sums.items():
        how = "by itself" if trust == "merge" else "by a person"
        print(f"merged {how}: {without:.0f} s of whole outage without, {drained:.0f} s with: {1 - drained / without:.0%} saved")
    alone, first = (sum(each[which] for each in sums.values()) for which in (0, 1))
    saved = round(1 - first / alone, 3)
    return {"drain_saved": saved}


if __name__ == "__main__":
    print("RESULT " + json.dumps(dict(measure())))
