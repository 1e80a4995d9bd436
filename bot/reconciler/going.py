"""A plan × history → the commits that it takes back, and what they say of security."""

from __future__ import annotations

from itertools import takewhile

from bot.plans.plan import Plan
from bot.reconciler.casing import releases_of
from bot.refs import ServiceRef
from bot.releases.release import DesiredState
from bot.releases.security import marks


def mends(service: ServiceRef, plan: Plan, state: DesiredState) -> tuple[str, ...]:
    """Return the marks of security in the releases that would go back: the one undone, and all since the target."""
    going = {plan.undone}
    if plan.target and plan.target.commit:
        later = takewhile(lambda release: plan.target and release.commit != plan.target.commit, releases_of(service, state).releases)
        going |= {release.commit for release in later}
    return tuple(dict.fromkeys(mark for commit in state.log if commit.sha in going for mark in marks(commit.message)))
