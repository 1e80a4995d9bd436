"""What was weighed, as the record keeps it → plain words for whoever is on call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

STRONG = 0.3
"""A piece of evidence that moves the odds by less (a third) is not worth a word."""
MOST_TERMS = 4
MOST_BELIEFS = 4


def said(weighed: Mapping[str, Any]) -> tuple[str, ...]:
    """The answer, what it was made of, and the thresholds, a sentence each; nothing where nothing was weighed."""
    if not weighed:
        return ()
    if not weighed["enough"]:
        return (f"not enough evidence to say how likely: {'; '.join(weighed['lacking'])}",)
    beliefs = [belief_said(belief) for belief in weighed["beliefs"][:MOST_BELIEFS]]
    return (f"none of them: probability {weighed['none']:.0%}", *beliefs, thresholds_said(weighed))


def thresholds_said(weighed: Mapping[str, Any]) -> str:
    acts = "nothing goes by itself however likely" if weighed["act"] is None else f"from {weighed['act']:.0%} on it may go by itself"
    return (
        f"{acts}; below {weighed['person']:.0%} a person is called and nothing is proposed (look {weighed['look']} of {weighed['looks']})"
    )


def belief_said(belief: Mapping[str, Any]) -> str:
    """One hypothesis: what it was before the evidence, what moved it, what it is now."""
    strongest = sorted((term for term in belief["terms"] if abs(term["nats"]) >= STRONG), key=lambda term: -abs(term["nats"]))
    moved = "; ".join(f"{term['why']} ({'for' if term['nats'] > 0 else 'against'} it)" for term in strongest[:MOST_TERMS])
    chances = f"{belief['prior']:.1%} before the evidence, {belief['probability']:.1%} after it"
    return f"{named(belief['hypothesis'])}: {chances}: {moved or 'nothing speaks for or against it'}"


def named(hypothesis: Mapping[str, str]) -> str:
    match hypothesis["kind"]:
        case "release":
            return f"release {hypothesis['release'][:8]} of {hypothesis['service']}"
        case "external":
            return f"something outside the releases broke {hypothesis['service']}"
        case "platform":
            return "something that unrelated services share"
        case _:
            return "nothing is broken, the alert fired by itself"
