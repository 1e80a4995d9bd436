"""Argo Rollouts: `spec.strategy.canary.steps[].setWeight` of a Rollout; what the canary does not get, the stable pods do.

https://argo-rollouts.readthedocs.io/en/stable/features/canary/. The controller owns the weights while it acts, and begins the steps
again when they are changed; so all of them go to 0, and only where a pause without a duration then keeps it there: past the last step
the canary would get everything.
"""

from __future__ import annotations

from collections.abc import Iterator

from bot.manifests.documents import Map
from bot.manifests.walk import Level, Object, below, entries
from bot.manifests.weights.split import Split, named, objection, share

PERCENT = 100


def splits(found: Object) -> Iterator[Split]:
    if found.kind != "Rollout" or not found.api_version.startswith("argoproj.io/"):
        return
    for canary in below(Level(found, found.root), "spec", "strategy", "canary")[:1]:
        steps = entries(canary, "steps")
        backend = canary.text("canaryService") or found.name
        held = any(_for_ever(step) for step in steps)
        for step in steps:
            if step.map.get("setWeight") is None:
                continue
            part = share(step, "setWeight", backend, "rollouts")
            against = None
            if not held:
                why = f"no step of {named(found)} pauses without a duration: it would promote the canary; abort it instead"
                against = objection("weights-pass", why, found.path, part.line)
            elif not part.why and part.weight > PERCENT:
                against = objection("weights-sum", f"setWeight is {part.weight}, of {PERCENT}", found.path, part.line)
            yield Split(found.path, part.line, named(found), (part,), PERCENT, rest=True, against=against)


def _for_ever(step: Level) -> bool:
    pause = step.map.get("pause")
    return isinstance(pause, Map) and pause.get("duration") is None
