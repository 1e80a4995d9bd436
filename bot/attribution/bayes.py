"""Evidence × parameters → posterior: a softmax over all suspects of what is known before, and of each piece of evidence.

log w(outside cause of g) = standing of g; log w(release i of g) = standing of g + release odds + delay + its record, contrast, …;
none is the sum of all that is no release. So a red service without a release draws belief away from releases of other services.
"""

from __future__ import annotations

import numpy as np

from bot.attribution.complaints import fresh
from bot.attribution.delay import noticed, onsets
from bot.attribution.evidence import Evidence
from bot.attribution.likelihood import Scene, of_noise, of_outside, of_platform, of_release
from bot.attribution.parameters import Parameters
from bot.attribution.posterior import Belief, External, Hypothesis, Noise, OfRelease, Platform, Posterior, Term
from bot.attribution.standing import RED, Standings, stand

USUAL = 10
"""Fewer known services than this: others, of which nobody knows, stand for the rest."""
UNSEEN = ""
"""The name under which they are suspected."""

Suspect = tuple[Hypothesis, float, tuple[Term, ...]]


def posterior(evidence: Evidence, parameters: Parameters, standings: Standings | None = None) -> Posterior:
    """Weigh every suspect. Never raises on poor evidence: it says what is lacking.

    `standings`: of the same evidence, where somebody measured them already.
    """
    scene = _scene(evidence, parameters, standings)
    beliefs = _beliefs(_suspects(scene), parameters.temperature)
    enough, lacking = _lacking(evidence, scene.standings, beliefs)
    return Posterior(beliefs, _onset(scene, beliefs), enough, lacking)


def weighed(evidence: Evidence, parameters: Parameters, standings: Standings | None = None) -> list[Suspect]:
    """Each suspect with its log weight before the evidence and its terms: what the parameters are fitted on."""
    return _suspects(_scene(evidence, parameters, standings))


def _scene(evidence: Evidence, parameters: Parameters, standings: Standings | None) -> Scene:
    standings = standings or stand(evidence)
    began = onsets(evidence.alert, standings.step, parameters.delays)
    seen = noticed(evidence.alert)
    return Scene(evidence, parameters, standings, began, seen, fresh(evidence, seen))


def _suspects(scene: Scene) -> list[Suspect]:
    parameters, standings = scene.parameters, scene.standings
    found: list[Suspect] = [
        (Platform(), parameters.byhand.platform, of_platform(scene)),
        (Noise(), parameters.noise, of_noise(scene)),
    ]
    for candidate in scene.evidence.candidates:
        service, terms = of_release(scene, candidate)
        found.append((OfRelease(candidate.key, service), parameters.release, terms))
    found += [(External(service), 0.0, of_outside(scene, service)) for service in standings.rows]
    if (unseen := USUAL - int(standings.known.sum())) > 0:
        found.append((External(UNSEEN), float(np.log(unseen)), ()))
    return found


def _beliefs(suspects: list[Suspect], temperature: float) -> tuple[Belief, ...]:
    priors = _shares(np.array([prior for _, prior, _ in suspects]))
    logs = [prior + sum(term.nats for term in terms) for _, prior, terms in suspects]
    shares = _shares(np.array(logs) / temperature)
    beliefs = [
        Belief(hypothesis, float(prior), terms, float(share))
        for (hypothesis, _, terms), prior, share in zip(suspects, priors, shares, strict=True)
    ]
    return tuple(sorted(beliefs, key=lambda belief: (-belief.probability, repr(belief.hypothesis))))


def _shares(logs: np.ndarray[tuple[int], np.dtype[np.float64]]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    weights = np.exp(logs - logs.max())
    return np.asarray(weights / weights.sum())


def _onset(scene: Scene, beliefs: tuple[Belief, ...]) -> float:
    """When the most suspected service stepped out, if it did; else when the alert's lag makes it likely."""
    standings, best = scene.standings, beliefs[0].hypothesis
    if isinstance(best, OfRelease | External) and best.service in standings.rows:
        row = standings.rows[best.service]
        if standings.red[row] >= RED and np.isfinite(standings.began[row]):
            return float(standings.began[row])
    when, likely = scene.began
    return float((when * likely).sum())


def _lacking(evidence: Evidence, standings: Standings, beliefs: tuple[Belief, ...]) -> tuple[bool, tuple[str, ...]]:
    """Say whether there is enough to act on, and what is not known."""
    lacking: list[str] = []
    if not evidence.candidates:
        lacking.append("no release is known that could have done it")
    if not standings.known.any():
        lacking.append("no service was measured for long enough before the alert")
    best = next((one.hypothesis for one in beliefs if isinstance(one.hypothesis, OfRelease)), None)
    seen = {side.key for side in evidence.side_by_side}
    if best and standings.known.any() and not standings.known[standings.rows[best.service]] and best.key not in seen:
        lacking.append(f"nothing was measured of {best.service}, whose release is suspected most")
    enough = not lacking
    if not evidence.edges:
        lacking.append("who calls whom is not known")
    if evidence.alert.service is None:
        lacking.append("the alert names no service")
    if evidence.alert.first_breach_at is None:
        lacking.append("since when the alert's condition held is not known")
    return enough, tuple(lacking)
