"""Commit messages of the branch → the rollbacks that were carried out: Git is the truth for what was done."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from bot.policy.case import Made, Past
from bot.refs import Instant, ServiceRef, Sha
from bot.releases.release import Commit, History
from bot.releases.touched import touched

_TRAILER = re.compile(r"(Rollback-[A-Z][a-z]+): (.*)")


def trailers(message: str) -> Mapping[str, tuple[str, ...]]:
    """Return our trailers in the last paragraph of a commit message, each with all of its values."""
    found: dict[str, tuple[str, ...]] = {}
    for line in message.rstrip().rsplit("\n\n", 1)[-1].splitlines():
        if match := _TRAILER.fullmatch(line.rstrip()):
            found[match[1]] = (*found.get(match[1], ()), match[2])
    return found


def past(log: Sequence[Commit], history: History, incident: str) -> tuple[Past, ...]:
    """Return the rollbacks of the history's service, newest first, but for those that `incident` itself made."""
    releases = {release.commit: release for release in history.releases}
    found = []
    for commit in (log[position] for position in touched(log).ours):
        said = trailers(commit.message)
        mine = said.get("Rollback-Incident") == (incident,)
        if not mine and "Rollback-Undo" not in said and _of(history.service, said):
            release, along = _released(history.service, said)
            identity = releases[release].identity if release in releases else ""
            found.append(Past(release, identity, commit.time, said.get("Rollback-Incident", ("",))[0], along))
    return tuple(found)


def made(log: Sequence[Commit], since: Instant) -> tuple[Made, ...]:
    """Return the rollbacks of any service since then, newest first."""
    found = []
    for position in touched(log).ours:
        commit = log[position]
        if commit.time < since:
            break
        said = trailers(commit.message)
        services = tuple(zip(said.get("Rollback-Service", ()), said.get("Rollback-Environment", ()), strict=False))
        if services and "Rollback-Undo" not in said:
            found.append(Made(commit.sha, commit.time, said.get("Rollback-Incident", ("",))[0], services))
    return tuple(found)


def repins(log: Sequence[Commit], path: str, since: Instant) -> int:
    """How often what a quarantine (by its file's path) keeps out was taken back again since then."""
    commits = (log[position] for position in touched(log).ours)
    return sum(1 for each in commits if each.time > since and path in trailers(each.message).get("Rollback-Repin", ()))


def ours(log: Sequence[Commit], incident: str, release: Sha | None, undoes: str | None, wave: str = "") -> Sha | None:
    """Find the commit by which an earlier run rolled `release` back for `incident` (or undid the rollback of branch `undoes`).

    `wave`: the turn of a group that goes back in waves, such as `2/3`.
    """
    for commit in (log[position] for position in touched(log).ours):
        said = trailers(commit.message)
        if said.get("Rollback-Incident") != (incident,):
            continue
        undone = said.get("Rollback-Undo", (None,))[0]
        turn = said.get("Rollback-Wave", ("",))[0]
        if undone == undoes and (undoes is not None or (said.get("Rollback-Release", ("",))[0] == release and turn == wave)):
            return commit.sha
    return None


def _released(service: ServiceRef, said: Mapping[str, tuple[str, ...]]) -> tuple[Sha, bool]:
    """The release of a service that a rollback took back, and whether it went along with another's.

    Of a group each service has a release of its own, in the order of the services, the one that was asked for first.
    """
    found = said.get("Rollback-Release", ("",))
    pairs = list(zip(said.get("Rollback-Service", ()), said.get("Rollback-Environment", ()), strict=False))
    at = pairs.index((service.name, service.environment)) if len(found) == len(pairs) else 0
    return Sha(found[at]), at > 0


def _of(service: ServiceRef, said: Mapping[str, tuple[str, ...]]) -> bool:
    pairs = zip(said.get("Rollback-Service", ()), said.get("Rollback-Environment", ()), strict=False)
    return (service.name, service.environment) in pairs
