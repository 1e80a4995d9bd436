"""A plan and how sure we are × trust and strategy → how far it goes by itself."""

from __future__ import annotations

from fnmatch import fnmatchcase

from bot.incidents.incident import Incident, Kind
from bot.plans.plan import Plan
from bot.policy.judgement import Sureness, ladder
from bot.policy.settings import PolicyRules, Trust
from bot.policy.weigh import sureness
from bot.ports import Ports
from bot.reconciler.reaching import least_trusted, reached
from bot.reconciler.view import View
from bot.reconciler.weighing import recalled
from bot.refs import Instant


def trusted(incident: Incident, plan: Plan, view: View, ports: Ports) -> tuple[str, Trust]:
    """The environment in which the plan goes least far by itself, and how far. What a person asked for goes by trust alone."""
    if incident.asked or incident.action.asked_by:
        return least_trusted(plan, view)
    policy, strategy, sure = view.config.policy, view.config.judgement.strategy, _sure(incident, ports)
    rungs = {
        environment: ladder(policy.trust_at(environment, view.now), _named(policy, environment, view.now), strategy, sure)
        for environment in sorted(reached(plan, view.state))
    }
    return min(rungs.items(), key=lambda each: each[1].rung)


def _sure(incident: Incident, ports: Ports) -> Sureness:
    """An undo accuses nobody: that the rollback did not help was seen."""
    if incident.action.kind is Kind.UNDO:
        return Sureness.SURE
    found = recalled(incident, incident.action.release, ports)
    return Sureness.UNKNOWN if found is None else sureness(found.chance, found.act)


def _named(policy: PolicyRules, environment: str, now: Instant) -> bool:
    """Whether the configuration says how far trust goes there."""
    hours = any(each.window.about([environment], "") and each.window.closes(now) is not None for each in policy.hours)
    return hours or any(fnmatchcase(environment, glob) for glob in policy.trust)
