"""A service's history × what was rolled back → how often its releases were to blame: the record that its next release is judged by."""

from __future__ import annotations

from collections.abc import Set
from itertools import pairwise

from bot.attribution.evidence import TrackRecord
from bot.refs import Instant, Sha
from bot.releases.history import served
from bot.releases.release import History, Release

MOST = 200
"""So many of the newest releases are counted: what a service was like years ago says little of what it is like now."""


def track_record(history: History, blamed: Set[Sha], now: Instant, good_after: float) -> TrackRecord:
    """Count the releases that were to blame and those that were not; what stands too short to tell counts as neither.

    `blamed`: commits that we rolled back and that stayed so. What people took back themselves counts as well. Rollbacks are no releases.
    """
    spans = served(history, now)
    taken = blamed | _taken_back(history.releases[:MOST])
    known = [release for release in history.releases[:MOST] if not release.rollback]
    bad = sum(1 for release in known if release.commit in taken)
    well = sum(1 for release in known if release.commit not in taken and spans[release.commit] >= good_after)
    return TrackRecord(bad, well)


def _taken_back(releases: tuple[Release, ...]) -> frozenset[Sha]:
    """What the rollback right after it took back, pin by pin."""
    found = set()
    for later, release in pairwise(releases):
        back = {(change.path, change.yaml_path, change.after, change.before) for change in release.changes}
        if later.rollback and back and back <= {(change.path, change.yaml_path, change.before, change.after) for change in later.changes}:
            found.add(release.commit)
    return frozenset(found)
