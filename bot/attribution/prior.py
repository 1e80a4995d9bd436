"""What is known of a release before its incident: how often the service's releases fail, its size, who made it."""

from __future__ import annotations

from math import isfinite, log

from bot.attribution.evidence import Candidate
from bot.attribution.parameters import Byhand
from bot.attribution.posterior import Term

LARGE = 200


def rate(candidate: Candidate, byhand: Byhand) -> float:
    """Change-failure rate: the mean of a Beta that starts at the usual rate and learns from the service's own record."""
    if candidate.prior is not None and isfinite(candidate.prior):
        return min(max(candidate.prior, 1e-3), 1 - 1e-3)
    blamed, harmless = max(candidate.record.blamed, 0), max(candidate.record.harmless, 0)
    failing = byhand.change_failure * byhand.change_failure_weight
    return (failing + blamed) / (byhand.change_failure_weight + blamed + harmless)


def before(candidate: Candidate, byhand: Byhand) -> tuple[Term, ...]:
    """Return what sets this release apart from a usual one, in nats."""
    found = rate(candidate, byhand)
    terms = [Term("record", _logit(found) - _logit(byhand.change_failure), f"{found:.0%} of this service's releases fail")]
    if candidate.bot:
        terms.append(Term("author", byhand.bot, "an automation made it"))
    if candidate.lines is not None and candidate.lines > LARGE:
        terms.append(Term("size", byhand.large, f"it changes {candidate.lines} lines"))
    return tuple(term for term in terms if term.nats)


def _logit(share: float) -> float:
    return log(share / (1 - share))
