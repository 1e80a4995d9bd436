"""Two versions side by side → log evidence that the new one fails more.

Beta-Binomial Bayes factor of "the new one's failure rate is higher" against "both are equal", Beta(1, 1) priors. What favours the
release counts in full only once an always-valid test agrees, since this is looked at again every minute: an e-value, the mixture
likelihood ratio of the new version's share in each step's failures against its share in the requests (Johari et al. 2015; Grünwald,
de Heide and Koolen, Safe Testing, 2019), is at least 1/alpha with probability of at most alpha, whenever one stops (Ville 1939).
"""

from __future__ import annotations

from math import exp, log

import numpy as np
from scipy.special import betaln
from scipy.stats import beta

from bot.attribution.evidence import Count, SideBySide
from bot.attribution.parameters import Byhand
from bot.attribution.posterior import Term

UNPROVEN = 1.0
"""Nats that favourable evidence is worth while the always-valid test does not agree."""


def contrast(seen: SideBySide, byhand: Byhand) -> Term | None:
    """Weigh the two versions; None where they served nothing."""
    steps = [(_clean(new), _clean(old)) for new, old in zip(seen.new, seen.old, strict=False)]
    new_failed, new_total = (sum(step[0][part] for step in steps) for part in (0, 1))
    old_failed, old_total = (sum(step[1][part] for step in steps) for part in (0, 1))
    if not new_total or not old_total:
        return None
    nats = bayes_factor(new_failed, new_total, old_failed, old_total)
    proven = e_value(steps) >= -log(byhand.false_alarm) and new_failed * old_total > old_failed * new_total
    most = byhand.contrast if proven else UNPROVEN
    said = f"of the new version's requests {new_failed}/{new_total} failed, of the old one's {old_failed}/{old_total}"
    return Term("side by side", min(max(nats, -byhand.contrast), most), said + ("" if proven else "; not yet certain at any time"))


def bayes_factor(new_failed: int, new_total: int, old_failed: int, old_total: int) -> float:
    """Log of P(counts | new rate > old rate) / P(counts | equal rates)."""
    apart = betaln(1 + new_failed, 1 + new_total - new_failed) + betaln(1 + old_failed, 1 + old_total - old_failed)
    failed, total = new_failed + old_failed, new_total + old_total
    equal = betaln(1 + failed, 1 + total - failed)
    return float(apart - equal) + _log_higher(new_failed, new_total, old_failed, old_total) + log(2)


def _log_higher(new_failed: int, new_total: int, old_failed: int, old_total: int) -> float:
    """Log probability that the new rate is the higher one: the old one's posterior summed over the new one's quantiles."""
    middles = (np.arange(200) + 0.5) / 200
    rates = beta.ppf(middles, 1 + new_failed, 1 + new_total - new_failed)
    higher = float(beta.cdf(rates, 1 + old_failed, 1 + old_total - old_failed).mean())
    return log(max(higher, exp(-50)))


def e_value(steps: list[tuple[tuple[int, int], tuple[int, int]]]) -> float:
    """Log e-value against "each failure falls on a version as its requests do"."""
    usual, on_new, on_old = 0.0, 0, 0
    for (new_failed, new_total), (old_failed, old_total) in steps:
        if not new_total or not old_total:
            continue  # not side by side
        share = new_total / (new_total + old_total)
        usual += new_failed * log(share) + old_failed * log(1 - share)
        on_new, on_old = on_new + new_failed, on_old + old_failed
    return float(betaln(1 + on_new, 1 + on_old) - betaln(1, 1)) - usual


def _clean(count: Count) -> tuple[int, int]:
    total = max(count.total, 0)
    return min(max(count.failed, 0), total), total
