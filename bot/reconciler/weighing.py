"""A case that the rules would act on × the evidence → the same decision, or another, with every number that led there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bot.attribution.bayes import posterior
from bot.attribution.fitted import SHIPPED
from bot.attribution.posterior import Belief, External, Noise, OfRelease, Platform, Posterior
from bot.attribution.suspects import Attribution, attribute
from bot.incidents.incident import Incident
from bot.policy.case import Case
from bot.policy.decide import Decision, Rollback
from bot.policy.optimize.dp import Solution, Stakes, solve
from bot.policy.weigh import Scales, scales, sureness, weigh
from bot.ports import Ports
from bot.reconciler.casing import live_of, releases_of
from bot.reconciler.gathering import Accused, depended_on, evidence_of
from bot.reconciler.view import View
from bot.records.entry import Stage
from bot.refs import ServiceRef, Sha
from bot.releases.release import Release

ALONE = "only the alert's own measure is known; name series in .rollbot.yaml"
SHOWN = 12
"""So many hypotheses are kept in the record."""


@dataclass(frozen=True, slots=True)
class Weighed:
    """`case` has its suspects in order of their chances; `facts` are what the record keeps, {} where nothing was weighed."""

    decision: Decision
    case: Case
    facts: Mapping[str, Any]


def weighed(decision: Decision, case: Case, incident: Incident, view: View, ports: Ports) -> Weighed:
    """Weigh what the rules would act on. Without evidence enough their decision stands, and what is lacking is recorded."""
    if not isinstance(decision, Rollback) or case.attribution is None:
        return Weighed(decision, case, {})
    others = tuple(_accused(service, case, incident, view, ports) for service in depended_on(incident.service, view))
    own = Accused(incident.service, case.attribution, releases_of(incident.service, view.state))
    evidence = evidence_of(incident, (own, *others), view, ports)
    if not evidence.series:
        return Weighed(decision, case, {})
    found = posterior(evidence, SHIPPED)
    prices = view.config.judgement.prices
    severity = max((each.severity for each in incident.symptoms if each.acts), key=prices.of, default="")
    solution = solve(prices, Stakes(prices.of(severity)))
    look = int((view.now - incident.opened) // prices.look_every) if prices.look_every else solution.steps
    on = scales(solution, view.config.judgement.thresholds, look, prices.look_every, _elsewhere(others, case.attribution))
    if not view.config.evidence.series:
        found = replace(found, enough=False, lacking=(ALONE, *found.lacking))
    facts = _facts(found, on, solution, look)
    if not found.enough:
        return Weighed(decision, case, facts)
    case = replace(case, attribution=_ordered(case.attribution, found))
    return Weighed(weigh(case, found, on), case, facts)


def _accused(service: ServiceRef, case: Case, incident: Incident, view: View, ports: Ports) -> Accused:
    """What another service released before the symptom began."""
    assert case.attribution is not None
    history, onset = releases_of(service, view.state), case.attribution.onset
    live = live_of(service, history, onset, view, ports)
    return Accused(service, attribute(history, onset, live, incident.tried, view.config.attribution), history)


def _elsewhere(others: Sequence[Accused], own: Attribution) -> dict[str, str]:
    """Releases that only other services got."""
    ours = {suspect.release.commit for suspect in own.suspects}
    theirs = ((each.service, suspect.release) for each in others for suspect in each.attribution.suspects)
    return {release.commit: _told(service, release) for service, release in theirs if release.commit not in ours}


def _told(service: ServiceRef, release: Release) -> str:
    command = f"/rollback {service.name} in {service.cluster or service.environment}"
    return f"{service.name} {release.version} ({release.commit[:8]}); `{command}` takes it back"


def _ordered(attribution: Attribution, found: Posterior) -> Attribution:
    """The same suspects with their chances, likeliest first."""
    beliefs = {belief.hypothesis.key: belief for belief in found.releases if isinstance(belief.hypothesis, OfRelease)}
    chanced = (
        replace(suspect, chance=found.of(suspect.release.commit), belief=beliefs.get(suspect.release.commit))
        for suspect in attribution.suspects
    )
    return replace(attribution, suspects=tuple(sorted(chanced, key=lambda suspect: -(suspect.chance or 0.0))))


def _facts(found: Posterior, on: Scales, solution: Solution, look: int) -> dict[str, Any]:
    best = max((belief.probability for belief in found.releases), default=0.0)
    return {
        "enough": found.enough,
        "said": found.said,
        "lacking": list(found.lacking),
        "none": found.none,
        "act": on.act,
        "person": on.person,
        "look": min(look, solution.steps),
        "looks": solution.steps,
        "costs": {str(move): round(cost, 2) for move, cost in solution.cost(best, look).items()},
        "beliefs": [_row(belief) for belief in found.beliefs[:SHOWN]],
    }


def _row(belief: Belief) -> dict[str, Any]:
    return {
        "hypothesis": _hypothesis(belief),
        "prior": belief.prior,
        "probability": belief.probability,
        "terms": [{"name": term.name, "nats": term.nats, "why": term.why} for term in belief.terms],
    }


def _hypothesis(belief: Belief) -> dict[str, str]:
    match belief.hypothesis:
        case OfRelease(key=key, service=service):
            return {"kind": "release", "release": key, "service": service}
        case External(service=service):
            return {"kind": "external", "service": service}
        case Platform():
            return {"kind": "platform"}
        case Noise():
            return {"kind": "noise"}


@dataclass(frozen=True, slots=True)
class Recalled:
    """How likely the release did it, and from which probability on it would go by itself, as the record says."""

    chance: float
    act: float | None


def recalled(incident: Incident, release: Sha | None, ports: Ports) -> Recalled | None:
    """What was weighed when this release was decided on; None where there was not evidence enough."""
    entries = [entry for entry in ports.store.entries(incident.id) if entry.stage is Stage.SUSPECTS]
    said = entries[-1].facts.get("weighed", {}) if entries else {}
    suspects = entries[-1].facts["suspects"] if said.get("enough") else ()
    chance = next((each.get("chance") for each in suspects if each["commit"] == release), None)
    return None if chance is None else Recalled(chance, said["act"])


def remembered(case: Case, release: Sha | None, incident: Incident, ports: Ports) -> Case:
    """The case with what was weighed when it was decided: what is planned and admitted is judged by the same numbers."""
    found = None if case.asked or case.undoing else recalled(incident, release, ports)
    if found is None:
        return case
    suspect = None if case.suspect is None else replace(case.suspect, chance=found.chance)
    return replace(case, suspect=suspect, sureness=sureness(found.chance, found.act), act_at=found.act)
