"""A service's history → the rollbacks that were made in it: reverts, and versions set back to what they were before."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice

from bot.refs import Instant, ServiceRef, Sha
from bot.releases.release import History, PinChange, Release

DAY = 86400.0
LONGEST = 14 * DAY
"""What has stood for longer than this many seconds and is set back then is a change of mind, not a rollback."""
_NAMED = re.compile(r"(?:^This reverts commit |^Rollback-Release: )([0-9a-f]{7,64})\b", re.MULTILINE)
_BRANCH = re.compile(r"^Merge pull request #\d+ from [^\s/]+/revert-(\d+)-")
"""The branch that GitHub's own button makes: revert-NUMBER-BRANCH."""
_SUBJECT = re.compile(r'^Revert "(.+)"')

Values = tuple[str | None, ...]


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
    if named := _named(message, before):
        return named, "its message names what it reverts"
    moved = [change for change in release.changes if change.before is not None and change.after is not None]
    if moved:
        backs = [_since(release, before, partial(_pins, pin=change), change.after) for change in moved]
        return (_joined(before, backs), "it sets a version back to an earlier one") if any(backs) else ((), "")
    files = [_since(release, before, partial(_files, path=file.path), file.after) for file in release.files]
    return (_joined(before, files), "it brings files back to what they were, byte for byte") if files and all(files) else ((), "")


def _named(message: str, before: Sequence[Release]) -> tuple[Release, ...]:
    """What a message says that it reverts: commits, a pull request, or the subject of the newest commit that has it."""
    shas, branch, subject = _NAMED.findall(message), _BRANCH.match(message), _SUBJECT.match(message)
    if shas:
        return tuple(each for each in reversed(before) if any(each.commit.startswith(sha) for sha in shas))
    if branch:
        return tuple(each for each in reversed(before) if each.pull_request == int(branch[1]))
    alike = (each for each in reversed(before) if subject and each.subject.startswith(subject[1]))
    return tuple(islice(alike, 1))


def _since(release: Release, before: Sequence[Release], left: Callable[[Release], Values], value: str | None) -> tuple[Release, ...]:
    """What changed a place since it last held that value; empty where it never did, or what it last changed to has stood too long."""
    passed: list[Release] = []
    for each in reversed(before):
        if values := left(each):
            if not passed and release.time - each.time > LONGEST:
                return ()
            passed.append(each)
            if value in values:
                return tuple(passed)
    return ()


def _pins(release: Release, pin: PinChange) -> Values:
    """What this pin held before the release, where it changed it."""
    place = (pin.path, pin.yaml_path, pin.artefact)
    return tuple(change.before for change in release.changes if (change.path, change.yaml_path, change.artefact) == place)


def _files(release: Release, path: str) -> Values:
    return tuple(file.before for file in release.files if file.path == path)


def _joined(before: Sequence[Release], parts: Sequence[tuple[Release, ...]]) -> tuple[Release, ...]:
    commits = {each.commit for part in parts for each in part}
    return tuple(each for each in reversed(before) if each.commit in commits)
