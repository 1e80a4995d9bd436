"""A quarantine × what has been released since → whether it may end: a newer version is there, or none is and it must not (F2)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from bot.manifests.read import read
from bot.manifests.setters import mute, unmute
from bot.quarantine import Quarantine
from bot.refs import Instant
from bot.releases.history import history
from bot.releases.release import DesiredState, Release

_PLAIN = re.compile(r"v?(\d+(?:\.\d+)*)(?:@.*)?")


@dataclass(frozen=True, slots=True)
class Newer:
    """The version that a bot which was let go would choose next, as far as the repository knows: released somewhere, standing there."""

    release: Release
    version: str


def newer(quarantine: Quarantine, others: Iterable[Quarantine], state: DesiredState) -> Newer | None:
    """Return the newest version of what the quarantine keeps out that any service released since it began and still runs.

    None where there is none that is newer than what is kept out, or where the newest is itself kept out: then the bad version is
    what a bot would take next.
    """
    artefacts = {artefact for _, _, artefact, _ in quarantine.places if artefact}
    bad = {(artefact, value) for each in (quarantine, *others) for _, _, artefact, value in each.places}
    found = max(_released(artefacts, quarantine.since, state), key=lambda each: each[0].time, default=None)
    if found is None:
        return None
    release, artefact, value = found
    kept = {version for name, version in bad if name == artefact}
    if value in kept or any(_older(value, each) for _, _, name, each in quarantine.places if name == artefact):
        return None
    return Newer(release, value)


def extended(state: DesiredState, quarantine: Quarantine, expires: Instant) -> Mapping[str, bytes | None]:
    """Return the files that keep it until then: its own, and the date at the setters that it muted."""
    longer = replace(quarantine, expires=expires)
    files: dict[str, bytes | None] = {quarantine.path: longer.text()}
    day = datetime.fromtimestamp(expires, UTC).strftime("%Y-%m-%d")
    for path in sorted({path for path, *_ in quarantine.places}):
        text = state.file(path)
        if text is None or b"rollbot held until" not in text:
            continue
        wanted = {(at, artefact) for where, at, artefact, _ in quarantine.places if where == path}
        lines = [pin.line for pin in read(text, path, state.rules).pins if (pin.yaml_path, pin.artefact) in wanted]
        freed = unmute(text, lines)
        if freed != text:
            files[path] = mute(freed, lines, day)
    return files


def _released(artefacts: set[str], since: Instant, state: DesiredState) -> Iterator[tuple[Release, str, str]]:
    """Each service's newest release of one of the artefacts since then that is no rollback and stands at HEAD."""
    for service in state.estate.services:
        standing = {(pin.path, pin.yaml_path, pin.artefact): pin.value for pin in service.pins if pin.artefact in artefacts}
        if not standing:
            continue
        for release in history(service.ref, state).releases:
            if release.time <= since:
                break
            changes = [c for c in release.changes if c.after is not None and standing.get((c.path, c.yaml_path, c.artefact)) == c.after]
            if changes and not release.rollback:
                yield release, changes[0].artefact, str(changes[0].after)
                break


def _older(value: str, bad: str) -> bool:
    """Whether a version is no newer than a bad one, where both are numbers; others are told apart by their release alone."""
    one, other = _PLAIN.fullmatch(value), _PLAIN.fullmatch(bad)
    return value == bad or bool(one and other and _numbers(one[1]) <= _numbers(other[1]))


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
