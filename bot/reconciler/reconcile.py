"""An incident, one step on. READ FIRST: this is the product on one page.

Looks at the world, takes one step, says what it did and why, saves, and says when to look again. Every step first looks
for what an earlier run already did, so it may be killed between any two lines and taken again: that costs one repeat.
"""

from __future__ import annotations

from dataclasses import replace

from bot.incidents.incident import Incident
from bot.incidents.lifecycle import End, State
from bot.ports import Ports
from bot.reconciler.changing import change_it, merge_it
from bot.reconciler.deciding import decide_what
from bot.reconciler.judging import see_it_arrive, see_it_help
from bot.reconciler.planning import plan_it
from bot.reconciler.saving import save
from bot.reconciler.step import MINUTE, Step, end, stay
from bot.reconciler.stopping import why_stopped
from bot.reconciler.telling import tell
from bot.reconciler.view import View, look_around
from bot.records.entry import Note, Stage
from bot.refs import Instant

THINKING = (State.OPENED, State.DECIDED)
"""States whose step changes nothing outside."""


def reconcile(key: str, ports: Ports, known: Incident | None = None) -> Instant | None:
    """Take one step of the incident and say when to look again, None once it has ended. `known`: the incident as it was just read.

    Raises Stale where somebody else took the step meanwhile, Unavailable or Refused where the outside world did not let us.
    """
    incident = known or ports.store.incident(key)
    if incident is None or incident.state is State.ENDED:
        return None
    view = look_around(ports, fresh=not a_glance_will_do(incident, ports))
    ports = replace(ports, metrics=ports.metrics.knowing(view.config.alerts.queries))
    step = tell(take(incident, view, ports), ports)
    return save(step, ports, view.problem, lasting=not done_again(incident, step)).due


def a_glance_will_do(incident: Incident, ports: Ports) -> bool:
    """Whether what was seen a moment ago will do: nothing is changed, or the first thing to be changed is refused once HEAD has moved."""
    guarded = incident.state is State.ADMITTED and ports.forge.guarded and not incident.action.replaced
    return guarded or incident.state in THINKING


def done_again(incident: Incident, step: Step) -> bool:
    """Whether the step would be taken again where a power cut took it: nobody was told, and nothing outside is changed from here.

    Before anything is, the incident is admitted; what is saved then lasts, and with it all that was saved before.
    """
    return incident.state is State.OPENED and step.incident.state is State.DECIDED and not step.notices


def take(incident: Incident, view: View, ports: Ports) -> Step:
    """The next step from where the incident stands. The kill switch comes before everything that changes Git."""
    match incident.state:
        case State.OPENED:
            return decide_what(incident, view, ports)
        case State.DECIDED:
            return plan_it(incident, view, ports)
        case State.ADMITTED:
            return hold(incident, view, why, ports) if (why := why_stopped(view, ports)) else change_it(incident, view, ports)
        case State.PROPOSED:
            return hold(incident, view, why, ports) if (why := why_stopped(view, ports)) else merge_it(incident, view, ports)
        case State.MERGED:
            return see_it_arrive(incident, view, ports)
        case State.ARRIVED:
            return see_it_help(incident, view, ports)
        case State.ENDED:
            return stay(incident, view.now)


def hold(incident: Incident, view: View, why: str, ports: Ports) -> Step:
    """Somebody pressed stop: a request is declined, an alert's incident stands still until stop is lifted or the alert ends."""
    if incident.asked and incident.state is State.ADMITTED:
        return end(incident, End.DECLINED, f"stopped: {why}", view.now, urgent=False)
    if incident.resolved is not None and not incident.action.head and not incident.action.later:
        return end(incident, End.RESOLVED, "the symptom went while stop was pressed", view.now, urgent=False)
    if incident.state is State.PROPOSED and (pull := ports.forge.find(incident.action.branch)):
        ports.forge.disarm(pull)  # what the forge was told to merge by itself would not look at the switch
    return stay(incident, view.now + MINUTE, Note(Stage.CHANGE, "nothing is changed while stop is pressed", (why,)))
