"""A service's releases × when the symptom began → whom to suspect, newest first, and why not the others.

What was live when it began, newest first. Where there is evidence enough, a posterior puts them in order and says how sure it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from bot.attribution.onset import Onset
from bot.attribution.posterior import Belief
from bot.attribution.rules import AttributionRules
from bot.refs import Instant, Sha
from bot.releases.release import History, Release


@dataclass(frozen=True, slots=True)
class Live:
    """Which of the service's releases the cluster ran at the earliest and the latest time of onset; None: it does not remember."""

    earliest: frozenset[Sha] | None
    latest: frozenset[Sha] | None


@dataclass(frozen=True, slots=True)
class Suspect:
    """`sure` says that the cluster itself confirms it was live when the symptom began.

    `chance` is how likely it did it, of which `belief` gives every number; None where that was not worked out.
    """

    release: Release
    sure: bool
    why: str
    chance: float | None = None
    belief: Belief | None = None


@dataclass(frozen=True, slots=True)
class Cleared:
    """A release that is no suspect."""

    release: Release
    why: str


@dataclass(frozen=True, slots=True)
class Attribution:
    """Suspects newest first; where their chances are known, likeliest first. None at all is an answer: no release did this."""

    onset: Onset
    suspects: tuple[Suspect, ...]
    cleared: tuple[Cleared, ...]


def attribute(
    history: History,
    onset: Onset,
    live: Live | None,
    tried: frozenset[Sha],
    rules: AttributionRules,
    good: Mapping[str, str] = MappingProxyType({}),
) -> Attribution:
    """Sort the service's releases into suspects and cleared. `live` None: nobody can tell what runs.

    `good`: versions that a person vouches for, each with who that is.
    """
    suspects: list[Suspect] = []
    cleared: list[Cleared] = []
    for release in history.releases:
        if release.time < onset.earliest - rules.window:
            break  # all that follow are older still: no suspects, and nobody asks about them one by one
        if why := _vouched(release, good) or _alibi(release, history, onset, live, tried):
            cleared.append(Cleared(release, why))
        else:
            suspects.append(_suspect(release, onset, live, rules.live_after))
    return Attribution(onset, tuple(suspects), tuple(cleared))


def _vouched(release: Release, good: Mapping[str, str]) -> str | None:
    by = good.get(release.version)
    return None if by is None else f"{by} says that {release.version} is good"


def _alibi(release: Release, history: History, onset: Onset, live: Live | None, tried: frozenset[Sha]) -> str | None:
    if release.commit in tried:
        return "it was taken back already in this incident and that did not help"
    if release.rollback:
        return "it is a rollback, and a rollback is never a suspect"
    if release.time > onset.latest:
        return "it was released after the symptom began"
    if live is not None and live.latest is not None and release.commit not in live.latest:
        return "the cluster did not run it yet when the symptom began"
    if back := _taken_back(release, history, onset.earliest):
        return f"it was taken back by {back.commit[:8]} before the symptom began"
    return None


def _suspect(release: Release, onset: Onset, live: Live | None, live_after: float) -> Suspect:
    if release.time > onset.earliest:
        return Suspect(release, False, "it was released about when the symptom began")
    if live is None and live_after and release.time + live_after <= onset.earliest:
        return Suspect(
            release, True, f"no cluster can be asked; it counts as live {live_after:.0f} s after its commit, before the symptom began"
        )
    if live is None:
        return Suspect(release, False, "it was released before the symptom began; no cluster says since when it ran")
    if live.earliest is None:
        return Suspect(
            release,
            False,
            "it was released before the symptom began; what the cluster ran then is not known",
        )
    if release.commit not in live.earliest:
        return Suspect(release, False, "it went live about when the symptom began")
    return Suspect(release, True, "the cluster ran it when the symptom began")


def _taken_back(release: Release, history: History, before: Instant) -> Release | None:
    """The rollback that had set all of the release's pins back by then, if there was one that was not undone by then.

    An undo counts as a rollback, and is no suspect: the release that it brought back is.
    """
    put = {(change.path, change.yaml_path, change.artefact, change.before, change.after) for change in release.changes}
    back = {(path, at, artefact, after, before) for path, at, artefact, before, after in put}
    for later in history.releases:
        if later.commit == release.commit:
            return None
        if not later.rollback or later.time >= before:
            continue
        changed = {(change.path, change.yaml_path, change.artefact, change.before, change.after) for change in later.changes}
        if put and put <= changed:
            return None
        if back and back <= changed:
            return later
    return None
