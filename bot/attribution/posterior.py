"""Evidence × parameters → how likely each suspect is, with every number that led there."""

from __future__ import annotations

from dataclasses import dataclass

from bot.refs import Instant


@dataclass(frozen=True, slots=True)
class OfRelease:
    """The release with this key did it, in this service."""

    key: str
    service: str


@dataclass(frozen=True, slots=True)
class External:
    """Something outside the releases broke this service: traffic, a node, a flag, a third party."""

    service: str


@dataclass(frozen=True, slots=True)
class Platform:
    """Something that unrelated services share."""


@dataclass(frozen=True, slots=True)
class Noise:
    """Nothing is broken; the alert fired by itself."""


Hypothesis = OfRelease | External | Platform | Noise


@dataclass(frozen=True, slots=True)
class Term:
    """One piece of evidence: `nats` are added to the log of the hypothesis' weight; `why` says it in words."""

    name: str
    nats: float
    why: str


@dataclass(frozen=True, slots=True)
class Belief:
    """One hypothesis: its share `prior` before the evidence, what the evidence adds, its `probability` after it."""

    hypothesis: Hypothesis
    prior: float
    terms: tuple[Term, ...]
    probability: float


@dataclass(frozen=True, slots=True)
class Posterior:
    """Most likely first; probabilities sum to one. `lacking`: what is not known, in words; `onset`: when the symptom began.

    `enough` False: there is not enough evidence to act on, whatever the numbers are.
    """

    beliefs: tuple[Belief, ...]
    onset: Instant
    enough: bool
    lacking: tuple[str, ...]

    @property
    def releases(self) -> tuple[Belief, ...]:
        """The beliefs in releases, most likely first."""
        return tuple(belief for belief in self.beliefs if isinstance(belief.hypothesis, OfRelease))

    @property
    def none(self) -> float:
        """How likely it is that no release did this."""
        return max(0.0, 1.0 - sum(belief.probability for belief in self.releases))

    def of(self, key: str) -> float:
        """How likely the release with this key did it, in whichever of its services; 0 where it is no candidate."""
        return sum(
            belief.probability for belief in self.releases if isinstance(belief.hypothesis, OfRelease) and belief.hypothesis.key == key
        )

    @property
    def said(self) -> str:
        """The answer in a sentence."""
        if not self.enough:
            return "not enough evidence: " + "; ".join(self.lacking)
        best = max(self.releases, key=lambda belief: belief.probability, default=None)
        if best is None or not isinstance(best.hypothesis, OfRelease) or self.none >= best.probability:
            return f"probably no release did this ({self.none:.0%})"
        return (
            f"probably release {best.hypothesis.key} of {best.hypothesis.service} ({best.probability:.0%}); none of them: {self.none:.0%}"
        )
