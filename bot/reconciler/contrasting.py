"""Counters by version × candidates → the new version and the one before it, side by side, where both serve at the same time."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise

from bot.attribution.evidence import Count, SideBySide
from bot.attribution.sources import VersionsRule
from bot.ports import Sample
from bot.refs import Instant
from bot.releases.release import Release

Counts = Mapping[Instant, float]
"""A counter's value at each time."""


def side_by_side(
    releases: Iterable[tuple[str, Release]],
    rule: VersionsRule,
    failed: Sequence[Sample],
    total: Sequence[Sample],
    whose: Callable[[Mapping[str, str]], str | None],
) -> tuple[SideBySide, ...]:
    """`releases` with their services; `whose` names the service of a series. Only versions that are seen to serve at once are compared."""
    seen_failed, seen_total = _by_version(failed, rule.label, whose), _by_version(total, rule.label, whose)
    found = []
    for service, release in releases:
        new, old = versions(release)
        if not new or not old or (service, new) not in seen_total or (service, old) not in seen_total:
            continue
        steps = [
            _steps(seen_total[service, version], seen_failed.get((service, version), {}), seen_total[service, other])
            for version, other in ((new, old), (old, new))
        ]
        if steps[0]:
            found.append(SideBySide(release.commit, tuple(steps[0]), tuple(steps[1])))
    return tuple(found)


def versions(release: Release) -> tuple[str, str]:
    """The tag that a release brought in and the one that it took out; "" where it changed no version."""
    moved = next((change for change in release.changes if change.after == release.version and change.before), None)
    return (_tag(moved.after), _tag(moved.before)) if moved else ("", "")


def _tag(value: str | None) -> str:
    return (value or "").partition("@")[0]


def _by_version(
    samples: Sequence[Sample], label: str, whose: Callable[[Mapping[str, str]], str | None]
) -> Mapping[tuple[str, str], dict[Instant, float]]:
    found: dict[tuple[str, str], dict[Instant, float]] = {}
    names: dict[tuple[tuple[str, str], ...], str | None] = {}
    for sample in samples:
        key = tuple(sorted(sample.labels.items()))
        if key not in names:
            names[key] = whose(sample.labels)
        if (service := names[key]) is not None and math.isfinite(sample.value):
            counts = found.setdefault((service, sample.labels.get(label, "")), {})
            counts[sample.at] = counts.get(sample.at, 0.0) + sample.value
    return found


def _steps(total: Counts, failed: Counts, other: Counts) -> list[Count]:
    """What came in between two looks that both versions were there for; nothing where a counter began anew."""
    found = []
    for before, after in pairwise(sorted(total.keys() & other.keys())):
        asked, lost = total[after] - total[before], failed.get(after, 0.0) - failed.get(before, 0.0)
        anew = asked < 0 or lost < 0 or other[after] < other[before]
        found.append(Count(0, 0) if anew else Count(round(min(lost, asked)), round(asked)))
    return found
