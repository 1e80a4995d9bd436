"""A service's history → the rollbacks that were made in it: reverts, and versions set back to what they were before."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.refs import Instant, ServiceRef, Sha
from bot.releases.release import History, Release

DAY = 86400.0
LONGEST = 14 * DAY
"""What was set back later than this many seconds after it was left is a change of mind, not a rollback."""
_NAMED = re.compile(r"(?:^This reverts commit |^Rollback-Release: )([0-9a-f]{7,64})\b", re.MULTILINE)

Place = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class TakenBack:
    """One commit that took releases of a service back. `undone`: those releases, newest first, never a rollback; `why`: how that shows."""

    service: ServiceRef
    commit: Sha
    time: Instant
    author: str
    bot: bool
    subject: str
    undone: tuple[Sha, ...]
    left: str
    """The version that went."""
    to: str
    """The version that came back."""
    why: str


def taken_back(history: History, messages: Mapping[Sha, str]) -> tuple[TakenBack, ...]:
    """Find the rollbacks, newest first. `messages`: what the commits say, whole; where one is missing, its subject alone is known."""
    line = tuple(reversed(history.releases))
    found: list[TakenBack] = []
    back: set[Sha] = set()
    for at, release in enumerate(line):
        undone, why = _undone(release, line[:at], messages.get(release.commit, release.subject))
        kept = tuple(each for each in undone if each.commit not in back and not each.rollback)
        if not kept:
            continue  # what only takes a rollback back brings a release again
        back.add(release.commit)
        commits = tuple(each.commit for each in kept)
        left, said = line[at - 1].version, (release.author, release.bot, release.subject)
        found.append(TakenBack(release.service, release.commit, release.time, *said, commits, left, release.version, why))
    return tuple(reversed(found))


def _undone(release: Release, before: Sequence[Release], message: str) -> tuple[tuple[Release, ...], str]:
    """The releases that it took back, newest first, and how that shows."""
    named = tuple(each for each in reversed(before) if any(each.commit.startswith(sha) for sha in _NAMED.findall(message)))
    if release.rollback and named:
        return named, "its message names what it reverts"
    pins = [(change.path, change.yaml_path, change.artefact, change.before, change.after) for change in release.changes]
    moved = [(each[:3], each[4]) for each in pins if each[3] is not None and each[4] is not None]
    if moved:
        backs = [_since_pin(place, value, release, before) for place, value in moved if value is not None]
        why = "its message says so" if release.rollback else "it sets the version back to an earlier one"
        return (_joined(before, backs), why) if any(backs) and (release.rollback or all(backs)) else ((), "")
    files = [_since_file(each.path, each.after, release, before) for each in release.files]
    return (_joined(before, files), "it brings files back to what they were, byte for byte") if files and all(files) else ((), "")


def _since_pin(place: Place, value: str, release: Release, before: Sequence[Release]) -> tuple[Release, ...]:
    """What moved the pin since it last held that value; empty where it never did, or too long ago."""
    passed: list[Release] = []
    for each in reversed(before):
        if release.time - each.time > LONGEST:
            return ()
        for change in each.changes:
            if (change.path, change.yaml_path, change.artefact) == place:
                passed.append(each)
                if change.before == value:
                    return tuple(passed)
    return ()


def _since_file(path: str, blob: Sha | None, release: Release, before: Sequence[Release]) -> tuple[Release, ...]:
    passed: list[Release] = []
    for each in reversed(before):
        if release.time - each.time > LONGEST:
            return ()
        for file in each.files:
            if file.path == path:
                passed.append(each)
                if file.before == blob:
                    return tuple(passed)
    return ()


def _joined(before: Sequence[Release], parts: Sequence[tuple[Release, ...]]) -> tuple[Release, ...]:
    commits = {each.commit for part in parts for each in part}
    return tuple(each for each in reversed(before) if each.commit in commits)
