"""What Rollbot rolled back by itself lately, for the caps: Git says what was done, the store who had asked for it."""

from __future__ import annotations

from bot.incidents.incident import Incident
from bot.policy.case import Made
from bot.ports import Store
from bot.reconciler.view import View
from bot.records.trailers import made


def made_alone(incident: Incident, view: View, store: Store) -> tuple[Made, ...]:
    """Rollbacks of other incidents as far back as any cap looks; those that a person asked for, approved or merged do not count.

    What the store does not know counts: another Rollbot may have done it.
    """
    longest = max((cap.within for cap in view.config.policy.caps), default=0.0)
    found = made(view.state.log, view.now - longest)
    return tuple(each for each in found if each.incident != incident.id and not _a_persons(each, store))


def _a_persons(each: Made, store: Store) -> bool:
    known = store.incident(each.incident)
    if known is None:
        return False
    return known.asked or any(action.by_person and action.commit == each.commit for action in known.actions)
