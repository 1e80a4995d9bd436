"""A service's files × commits → its releases, newest first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from operator import itemgetter

from bot.errors import Refused
from bot.manifests.estate import Service
from bot.manifests.pin import Pin, PinKind
from bot.refs import Instant, ServiceRef, Sha
from bot.releases.authors import is_bot, is_rollback, pull_request
from bot.releases.companions import changed_lines
from bot.releases.lineage import Step, Touch, reading, steps
from bot.releases.owning import Share, documents_of_others, folders, shares
from bot.releases.places import pin_changes, same_place
from bot.releases.release import Ahead, Commit, DesiredState, FileChange, History, LineChange, PinChange, Release, identity
from bot.releases.touched import touched

_SHORT = 7
_AHEAD = 500
_FIRST = (PinKind.IMAGE, PinKind.TAG, PinKind.CHART, PinKind.APP_VERSION, PinKind.REF, PinKind.VARIABLE, PinKind.DIGEST)


@lru_cache(maxsize=4)  # the steps of an incident ask for the same one
def history(service: ServiceRef, state: DesiredState) -> History:
    """Return the service's releases. Raises Refused where HEAD has no such service."""
    found = state.service(service)
    if found is None:
        raise Refused(f"there is no service {service} at {state.head[:12]}")
    return _Telling(state, service, found.primary, shares(state, found)).history(found.files, folders(state, found))


def path_history(path: str, state: DesiredState) -> History:
    """Return what each commit changed in one file, whosever it is. It stands for its service where it has exactly one.

    A release is named by what moved in the file where the service's own version did not.
    """
    if path not in state.tree:
        raise Refused(f"there is no file {path} at {state.head[:12]}")
    owners = state.estate.owners.get(path, ())
    owner = state.service(owners[0]) if len(owners) == 1 else None
    ref = owner.ref if owner else ServiceRef(state.repository, "", path)
    found = _Telling(state, ref, _primary(state, path, owner), {}).history((path,), ())
    return replace(found, releases=tuple(_named_by_change(release) for release in found.releases))


def _named_by_change(release: Release) -> Release:
    moved = [change.after for change in release.changes if change.after]
    return release if not moved or release.version in moved else replace(release, version=moved[0])


def release_identity(services: Iterable[ServiceRef], commit: Commit, state: DesiredState) -> str:
    """Name what a commit released to these services, as `Release.identity` does; all of it, where it is none of theirs."""
    found = [release for ref in services if (service := state.service(ref)) and (release := _released(service, commit, state))]
    if found:
        changes = dict.fromkeys(change for release in found for change in release.changes)
        return identity(changes, dict.fromkeys(file for release in found for file in release.files))
    pairs = ((reading(state, f.path, f.before).pins, reading(state, f.path, f.after).pins) for f in commit.files)
    return identity([change for before, after in pairs for change in pin_changes(before, after)], commit.files)


def _released(service: Service, commit: Commit, state: DesiredState) -> Release | None:
    telling = _Telling(state, service.ref, None, shares(state, service))
    for step in steps(state, service.files, folders(state, service)):
        if step.commit.sha == commit.sha:
            return telling._release(step, None)
    return None


def served(found: History, now: Instant) -> Mapping[Sha, float]:
    """Return for how many seconds each release stood: one with pins until the next with pins, another until any next."""
    until_pins = until_any = now
    spans: dict[Sha, float] = {}
    for release in found.releases:
        spans[release.commit] = max(0.0, (until_pins if release.changes else until_any) - release.time)
        until_any = release.time
        until_pins = release.time if release.changes else until_pins
    return spans


def _primary(state: DesiredState, path: str, owner: Service | None) -> Pin | None:
    if owner and owner.primary and owner.primary.path == path:
        return owner.primary
    return min(reading(state, path, state.tree[path]).pins, key=lambda pin: _FIRST.index(pin.kind), default=None)


@dataclass(slots=True)
class _Changed:
    """What one commit did to the service's files."""

    pins: list[PinChange] = field(default_factory=list)
    lines: list[LineChange] = field(default_factory=list)
    files: list[FileChange] = field(default_factory=list)


@dataclass(slots=True)
class _Telling:
    state: DesiredState
    service: ServiceRef
    primary: Pin | None
    shares: Mapping[str, Share]

    def history(self, files: tuple[str, ...], folders: frozenset[str] | tuple[()]) -> History:
        self._ahead(files)
        # The commit where a shallow clone was cut seems to bring every file in; what it really did is not known.
        cut = self.state.log[-1].sha if self.state.shallow and self.state.log else None
        found = (self._release(step, version) for step, version in self._versions(files, folders) if step.commit.sha != cut)
        return History(self.service, tuple(release for release in found if release), complete=cut is None)

    def _ahead(self, files: Iterable[str]) -> None:
        """Have the newest versions of the files at hand at once, where that is cheaper than one by one."""
        index = touched(self.state.log)
        changes = sorted((each for path in files for each in index.by_path.get(path, ())), key=itemgetter(0))[:_AHEAD]
        wanted = [(change.path, blob) for _, change in changes for blob in (change.after, change.before) if blob is not None]
        if isinstance(self.state.blobs, Ahead):
            self.state.blobs.load(blob for _, blob in wanted)
        if isinstance(self.state.readings, Ahead):
            self.state.readings.load(wanted)

    def _versions(self, files: tuple[str, ...], folders: frozenset[str] | tuple[()]) -> Iterator[tuple[Step, str | None]]:
        """Pair each step with the value that the primary pin had after it."""
        at = (self.primary.path, self.state.tree.get(self.primary.path)) if self.primary else ("", None)
        slot = at[0]
        value = self._value(*at)
        for step in steps(self.state, files, folders):
            yield step, value
            for touch in step.touches:
                if touch.slot == slot:
                    value = self._value(touch.old_path, touch.before)

    def _value(self, path: str | None, blob: Sha | None) -> str | None:
        if self.primary is None or path is None:
            return None
        then = same_place(replace(self.primary, path=path), reading(self.state, path, blob).pins)
        return then.value if then else None

    def _release(self, step: Step, primary: str | None) -> Release | None:
        changed = _Changed()
        for touch in step.touches:
            self._compare(touch, changed)
        if not changed.pins and not changed.lines:
            return None
        commit = step.commit
        version = (primary or next((c.after for c in changed.pins if c.after), None)) if changed.pins else None
        return Release(
            service=self.service,
            commit=commit.sha,
            parent=commit.parent,
            time=commit.time,
            author=commit.author,
            bot=is_bot(commit.author, commit.email, commit.message),
            pull_request=pull_request(commit.message),
            subject=commit.subject,
            version=version or commit.sha[:_SHORT],
            changes=tuple(changed.pins),
            merged=tuple(changed.lines),
            files=tuple(changed.files),
            rollback=is_rollback(commit.message),
        )

    def _compare(self, touch: Touch, changed: _Changed) -> None:
        """Add what the touch changed of ours; a move alone, or a change of others in a shared file, is nothing."""
        path = touch.path or touch.old_path or touch.slot
        old = [replace(pin, path=path) if pin.path != path else pin for pin in reading(self.state, touch.old_path, touch.before).pins]
        new = list(reading(self.state, touch.path, touch.after).pins)
        share = self.shares.get(touch.slot)
        pins = pin_changes([p for p in old if share is None or share.has(p)], [p for p in new if share is None or share.has(p)])
        lines = self._lines(touch, path, old, new, share)
        if pins or lines:
            changed.pins += pins
            changed.lines += lines
            changed.files += touch.changes

    def _lines(self, touch: Touch, path: str, old: list[Pin], new: list[Pin], share: Share | None) -> list[LineChange]:
        if touch.before == touch.after:
            return []
        was, now = (b"" if blob is None else self.state.blobs.get(blob) for blob in (touch.before, touch.after))
        if was is None or now is None:
            return [LineChange(path, 0, 0)]  # too large, or not in this clone: it changed, nobody can say how
        others: frozenset[int] = frozenset()
        if share is not None:
            others = documents_of_others([*old, *new], share, _moved(old, new))
        added, removed = changed_lines(was, now, old, new, others)
        return [LineChange(path, added, removed)] if added or removed else []


def _moved(old: list[Pin], new: list[Pin]) -> list[Pin]:
    """Return the pins that are not the same before and after."""
    was, now = {(pin.place, pin.value) for pin in old}, {(pin.place, pin.value) for pin in new}
    return [pin for pin in old if (pin.place, pin.value) not in now] + [pin for pin in new if (pin.place, pin.value) not in was]
