"""What it would have done, and what people then did → right, wrong, missed, rightly left alone, or not to be told yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from bot.refs import Instant, ServiceRef, Sha
from bot.releases.release import PinChange, Release

PATIENCE = 24 * 3600.0
"""So long after the incident what people do counts as their answer to it."""
ENOUGH = 20
"""Fewer judged incidents say little (F20)."""


class Verdict(StrEnum):
    RIGHT = "right"
    """It would have taken a release back, and people took that one back."""
    WRONG = "wrong"
    """It would have taken a release back, and people took another one back, or none at all."""
    MISSED = "missed"
    """It would have left it to a person, and people took a release back."""
    ABSTAINED = "abstained"
    """It would have left it to a person, and people took nothing back."""
    FIXED = "fixed forward"
    """People released something new: whether the release was to blame cannot be told."""
    OPEN = "open"
    """It is too early to tell."""


@dataclass(frozen=True, slots=True)
class Would:
    """One incident that it changed nothing in. `release`: what it would have taken back, None where it would have called a person.

    `version` and `to` are that release's and its target's; `chance`: how likely it held it that this release did it, None: unknown.
    """

    incident: str
    service: ServiceRef
    at: Instant
    release: Sha | None
    version: str = ""
    to: str = ""
    chance: float | None = None


@dataclass(frozen=True, slots=True)
class Score:
    would: Would
    verdict: Verdict
    did: str


@dataclass(frozen=True, slots=True)
class Scorecard:
    """Oldest first. `precision`: of what it would have taken back and can be told, how much was right; None: nothing can be told."""

    scores: tuple[Score, ...]

    def count(self, verdict: Verdict) -> int:
        return sum(1 for score in self.scores if score.verdict is verdict)

    @property
    def judged(self) -> int:
        return sum(1 for score in self.scores if score.verdict not in (Verdict.OPEN, Verdict.FIXED))

    @property
    def precision(self) -> float | None:
        right, wrong = self.count(Verdict.RIGHT), self.count(Verdict.WRONG)
        return right / (right + wrong) if right + wrong else None

    @property
    def recall(self) -> float | None:
        """Of what people took back, how much it would have taken back; None: they took nothing back."""
        right, missed = self.count(Verdict.RIGHT), self.count(Verdict.MISSED)
        return right / (right + missed) if right + missed else None

    @property
    def said(self) -> str:
        if self.precision is None:
            return f"{self.judged} incidents can be judged, and in none of them would it have taken a release back"
        share = f"{self.precision:.0%} of what it would have taken back was right"
        few = "" if self.judged >= ENOUGH else f"; {ENOUGH} are needed before that says much"
        return f"{share} ({self.judged} incidents can be judged{few})"


def score(would: Would, releases: Sequence[Release], now: Instant) -> Score:
    """Hold it against what the service's history says people did. `releases` newest first."""
    later = [release for release in reversed(releases) if would.at < release.time <= would.at + PATIENCE]
    taken = next((back for release in later if (back := _taken_back(release, releases))), None)
    if taken is not None:
        what, by = taken
        did = f"{by.author} took {what.version} back ({by.commit[:8]})"
        if would.release is None:
            return Score(would, Verdict.MISSED, did)
        return Score(would, Verdict.RIGHT if what.commit == would.release else Verdict.WRONG, did)
    if forward := next((release for release in later if release.changes and not release.rollback), None):
        return Score(would, Verdict.FIXED, f"{forward.author} released {forward.version} ({forward.commit[:8]})")
    if now < would.at + PATIENCE:
        return Score(would, Verdict.OPEN, "nothing yet")
    return Score(would, Verdict.ABSTAINED if would.release is None else Verdict.WRONG, "nothing was taken back")


def _taken_back(later: Release, releases: Sequence[Release]) -> tuple[Release, Release] | None:
    """The release whose changes a later one sets back: the newest before it of which every pin goes to what it was, or before."""
    if not later.changes:
        return None
    earlier = [release for release in releases if release.time < later.time and release.changes]
    held = {_place(change) for release in earlier for change in release.changes if change.before is not None}
    known = {(place, change.before) for release in earlier for change in release.changes for place in [_place(change)]}
    if not all(_place(change) in held and (_place(change), change.after) in known for change in later.changes):
        return None
    stood = {_place(change): change.before for change in later.changes}
    for release in earlier:
        if any(stood.get(_place(change)) == change.after for change in release.changes):
            return release, later
    return None


def _place(change: PinChange) -> tuple[str, str, str]:
    return change.path, change.yaml_path, change.artefact
