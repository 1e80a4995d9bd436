"""Evidence × parameters → posterior."""

from __future__ import annotations

import math

from bot.attribution.evidence import Candidate, Evidence
from bot.attribution.parameters import Parameters
from bot.attribution.posterior import Belief, Hypothesis, Noise, OfRelease, Posterior, Term


def posterior(evidence: Evidence, parameters: Parameters) -> Posterior:
    """Weigh every suspect. Never raises on poor evidence: it says what is lacking."""
    onset = min(evidence.alert.first_breach_at or evidence.alert.fired_at, evidence.alert.fired_at)
    found: list[tuple[Hypothesis, float, tuple[Term, ...]]] = []
    for candidate in evidence.candidates:
        share = parameters.release_share / len(evidence.candidates)
        found.append((OfRelease(candidate.key, candidate.service), share, (_delay(candidate, onset, parameters),)))
    found.append((Noise(), 1.0 - sum(prior for _, prior, _ in found), ()))
    weights = [prior * math.exp(sum(term.nats for term in terms)) for _, prior, terms in found]
    total = sum(weights)
    beliefs = [Belief(hypothesis, prior, terms, weight / total) for (hypothesis, prior, terms), weight in zip(found, weights, strict=True)]
    return Posterior(tuple(sorted(beliefs, key=lambda belief: -belief.probability)), onset, False, ("no metric was looked at",))


def _delay(candidate: Candidate, onset: float, parameters: Parameters) -> Term:
    delay = onset - candidate.released_at
    return Term("delay", 0.0 if delay >= 0 else -math.log(100.0), f"released {delay:.0f} s before the symptom began")
