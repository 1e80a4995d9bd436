"""Is what a rollback goes back to still there to be pulled? A pod that cannot start is worse than one that fails now and then."""

from __future__ import annotations

from bot.errors import Refused, Unavailable
from bot.objections import Objection, Weight
from bot.plans.plan import Plan
from bot.plans.pulled import Pulled, pulled
from bot.ports import Registry
from bot.releases.release import DesiredState


def unpullable(plan: Plan, state: DesiredState, registry: Registry | None) -> tuple[Objection, ...]:
    """Return what speaks against a plan: an image that is gone forbids it, one that could not be looked at needs a person."""
    if registry is None:
        return ()
    return tuple(why for each in pulled(plan, state) if (why := _against(each, plan, registry)))


def _against(each: Pulled, plan: Plan, registry: Registry) -> Objection | None:
    try:
        held = registry.holds(each.image)
    except (Refused, Unavailable) as error:
        why = f"whether {each.image} is still there could not be seen: {error}"
        return Objection("image-not-seen", why, Weight.PERSON, each.path, each.line)
    if held is not False:
        return None
    others = ", ".join(other.version for other in plan.alternatives if plan.target is None or other.version != plan.target.version)
    way_out = f"; go to another with --to: {others}" if others else "; push it again, or fix forward"
    return Objection("image-gone", f"{each.image} is not in its registry any more{way_out}", Weight.FORBIDS, each.path, each.line)
