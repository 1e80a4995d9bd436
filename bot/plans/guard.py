"""Two revisions × quarantines → what the newer one brings back that is kept out, and which quarantines it lifts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from bot.manifests.pin import Pin
from bot.plans.merge import Hunk, diff, lines_of
from bot.quarantine import Quarantine
from bot.refs import Instant
from bot.releases.lineage import reading
from bot.releases.places import pin_changes, same_place
from bot.releases.release import Commit, DesiredState, FileChange, identity

_DIGEST = re.compile(r"[A-Za-z][A-Za-z0-9+._-]*:[0-9a-fA-F]{32,}")


@dataclass(frozen=True, slots=True)
class Return:
    """One place (at head) where a quarantined release comes back: a pin, or the first of a run of its lines.

    `lifted`: the same change lifts the quarantine. `expired`: it holds no longer.
    """

    quarantine: Quarantine
    path: str
    line: int | None
    yaml_path: str = ""
    value: str = ""
    lifted: bool = False
    expired: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """`untold`: quarantines of releases without pins whose commit the history does not hold, so that nothing can be compared."""

    returns: tuple[Return, ...]
    lifted: tuple[Quarantine, ...]
    untold: tuple[Quarantine, ...] = ()


def judge(
    before: DesiredState,
    after: DesiredState,
    standing: Sequence[Quarantine],
    *,
    lifted: Sequence[Quarantine],
    now: Instant,
) -> Verdict:
    """Compare where a change starts (`before`) with what it makes of it (`after`); what was there already does not come back.

    A release's identity is all that it changed (F4), and it counts in part: one of its versions at its place, wherever that moved,
    is enough; of a release that moved no version, one run of its lines. Lines that only came along with a version are no sign of
    it: the release that mends it may bring them again. What holds is for the caller to say: holds that name versions to come (F3)
    are `standing` too.
    """
    change = _Change(before, after)
    returns: list[Return] = []
    untold: list[Quarantine] = []
    for quarantine in standing:
        found = list(_pins(change, quarantine))
        if not quarantine.places:
            commit = next((each for each in before.log if each.sha == quarantine.commit), None)
            if commit is None or (commit.parent is None and before.shallow):  # cut off: what it changed cannot be seen
                untold.append(quarantine)
            else:
                found = list(_lines(change, quarantine, commit))
        found = found or list(_whole(change, quarantine))
        gone, over = quarantine in lifted, now >= quarantine.expires
        returns += [Return(quarantine, *where, lifted=gone, expired=over) for where in found]
    return Verdict(tuple(returns), tuple(q for q in lifted if now < q.expires), tuple(untold))


def lifts(before: Iterable[Quarantine], after: Iterable[Quarantine]) -> tuple[Quarantine, ...]:
    """Those that a change takes away, or makes hold less or shorter; moved to another file they still hold."""
    kept = list(after)
    return tuple(one for one in before if not any(_as_strong(other, one) for other in kept))


def _as_strong(other: Quarantine, one: Quarantine) -> bool:
    same = (other.environment, other.service, other.release, other.commit) == (one.environment, one.service, one.release, one.commit)
    return same and set(one.places) <= set(other.places) and other.expires >= one.expires


_Where = tuple[str, int | None, str, str]


class _Change:
    """The files that differ, each with the one that it was before: by its path, else by what moved there."""

    def __init__(self, before: DesiredState, after: DesiredState) -> None:
        self.before, self.after = before, after
        self.paths = sorted(path for path, blob in after.tree.items() if before.tree.get(path) != blob)
        self.gone = sorted(path for path in before.tree if path not in after.tree)
        self._sources = {path: self._moved(path) for path in self.paths if path not in before.tree}

    def _moved(self, path: str) -> str | None:
        same = [old for old in self.gone if self.before.tree[old] == self.after.tree[path]]
        named = [old for old in self.gone if old.rpartition("/")[2] == path.rpartition("/")[2]]
        objects = {pin.place[1:] for pin in self.now(path)}
        alike = [old for old in self.gone if objects and objects & {pin.place[1:] for pin in self._then(old)}]
        return next(iter([*same, *(old for old in alike if old in named), *alike, *named]), None)

    def source(self, path: str) -> str | None:
        """The path that a file of today had before; None where it is new."""
        return path if path in self.before.tree else self._sources.get(path)

    def now(self, path: str) -> Sequence[Pin]:
        return reading(self.after, path, self.after.tree.get(path)).pins

    def _then(self, path: str | None) -> Sequence[Pin]:
        return () if path is None else reading(self.before, path, self.before.tree.get(path)).pins

    def moved_pins(self) -> Iterator[Pin]:
        """Pins of today that are new or hold another value than before."""
        for path in self.paths:
            then = self._then(self.source(path))
            for pin in self.now(path):
                was = same_place(pin, then)
                if was is None or was.value != pin.value:
                    yield pin


def _pins(change: _Change, quarantine: Quarantine) -> Iterator[_Where]:
    owned = {pin for service in change.after.estate.services if _is_its(service.ref, quarantine) for pin in service.pins}
    for pin in change.moved_pins():
        if any(_fits(change, pin, place, pin in owned) for place in quarantine.places):
            yield (pin.path, pin.line, pin.yaml_path, pin.value)


def _is_its(ref: object, quarantine: Quarantine) -> bool:
    return (getattr(ref, "environment", None), getattr(ref, "name", None)) == (quarantine.environment, quarantine.service)


def _fits(change: _Change, pin: Pin, place: tuple[str, str, str, str], owned: bool) -> bool:
    """The kept-out version at its place, elsewhere in its file, where its file moved to, or anywhere in its service."""
    path, yaml_path, artefact, value = place
    if not _same_version(pin.value, value):
        return False
    here = pin.path == path or change.source(pin.path) == path
    if artefact:
        return (here and pin.artefact == artefact) or (owned and _last(pin.artefact) == _last(artefact))
    return (here or owned) and pin.yaml_path == yaml_path


def _same_version(one: str, other: str) -> bool:
    """Digests say it where both have one; else the tags do."""
    (tag, digest), (other_tag, other_digest) = _parted(one), _parted(other)
    if digest and other_digest:
        return digest == other_digest
    return bool(tag) and tag == other_tag


def _parted(value: str) -> tuple[str, str]:
    if _DIGEST.fullmatch(value):
        return "", value
    tag, _, digest = value.partition("@")
    return tag, digest


def _last(artefact: str) -> str:
    return artefact.rstrip("/").rpartition("/")[2]


def _whole(change: _Change, quarantine: Quarantine) -> Iterator[_Where]:
    """The very same change of the service's files again."""
    files = {path for service in change.after.estate.services if _is_its(service.ref, quarantine) for path in service.files}
    found = [FileChange(path, change.before.tree.get(path), change.after.tree[path]) for path in change.paths if path in files]
    pairs = ((reading(change.before, f.path, f.before).pins, reading(change.after, f.path, f.after).pins) for f in found)
    if found and identity([each for was, now in pairs for each in pin_changes(was, now)], found) == quarantine.release:
        yield (found[0].path, 1, "", "")


def _lines(change: _Change, quarantine: Quarantine, commit: Commit) -> Iterator[_Where]:
    """Runs of lines that the quarantined commit put in, or took out, done again."""
    blobs = change.before.blobs
    services = [service for service in change.before.estate.services if _is_its(service.ref, quarantine)]
    owned = {path for service in services for path in service.files}
    files = [each for each in commit.files if each.path in owned] or list(commit.files)
    for release in files:
        old, new = (lines_of(blobs.get(blob) or b"") if blob else [] for blob in (release.before, release.after))
        hunks = [hunk for hunk in diff(old, new) if any(line.strip() for line in (*old[hunk.start : hunk.end], *hunk.lines))]
        for path in [*change.paths, *change.gone]:
            if path == release.path or change.source(path) == release.path:
                yield from _again(change, path, old, hunks)


def _again(change: _Change, path: str, old: Sequence[bytes], hunks: Sequence[Hunk]) -> Iterator[_Where]:
    then = lines_of(change.before.file(change.source(path) or path) or b"")
    now = lines_of(change.after.file(path) or b"")
    grown = 0
    for done in diff(then, now):
        taken = then[done.start : done.end]
        if any(_within(old[hunk.start : hunk.end], taken) and _within(hunk.lines, done.lines) for hunk in hunks):
            yield (path, min(done.start + grown + 1, len(now)) or None, "", "")
        grown += len(done.lines) - (done.end - done.start)


def _within(part: Sequence[bytes], lines: Sequence[bytes]) -> bool:
    return any(list(part) == list(lines[at : at + len(part)]) for at in range(len(lines) - len(part) + 1))
