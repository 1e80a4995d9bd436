"""A person's request → what would become of it: planned and admitted as in earnest, nothing written."""

from __future__ import annotations

from bot.incidents.incident import Action, Incident, Kind, identify
from bot.incidents.lifecycle import State
from bot.plans.plan import Unplanned
from bot.ports import Ports
from bot.reconciler.asking import Answer, subject, wanted
from bot.reconciler.planning import plan_it
from bot.reconciler.view import look_around
from bot.signals.signal import Asked


def rehearse(request: Asked, ports: Ports) -> Answer:
    """The incident in the answer was never saved; its state is `admitted`, or `ended` with the reason why not."""
    view = look_around(ports)
    plan = wanted(request, view.state)
    if isinstance(plan, Unplanned):
        return Answer(None, plan.objections, plan.choices)
    service = subject(request, plan)
    actions = (Action(Kind.ROLLBACK, None),)
    opened = Incident(identify(service, request.key), service, view.now, State.DECIDED, request=request, actions=actions)
    return Answer(plan_it(opened, view, ports).incident, plan.objections)
