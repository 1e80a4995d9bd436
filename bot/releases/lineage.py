"""Files of today × the first-parent line → what each commit did to them, under whatever path they had then."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bot.manifests.pin import Pin, Reading
from bot.refs import Sha
from bot.releases.release import Commit, DesiredState, FileChange
from bot.releases.touched import Walk, touched

NOTHING = Reading(())
_ALIKE = 0.5


@dataclass(frozen=True, slots=True)
class Touch:
    """What a commit did to one file. `slot` is its path today (its last one, where it is gone); the others are those of then."""

    slot: str
    old_path: str | None
    path: str | None
    before: Sha | None
    after: Sha | None

    @property
    def changes(self) -> tuple[FileChange, ...]:
        """The touch as the log told it: a move is two changes."""
        if self.old_path is not None and self.path is not None and self.old_path != self.path:
            return (FileChange(self.old_path, self.before, None), FileChange(self.path, None, self.after))
        return (FileChange(self.path or self.old_path or self.slot, self.before, self.after),)


@dataclass(frozen=True, slots=True)
class Step:
    commit: Commit
    touches: tuple[Touch, ...]


def steps(state: DesiredState, files: Iterable[str], folders: Iterable[str] = ()) -> Iterator[Step]:
    """Yield the commits that touched these files, newest first, following each file back through moves.

    A file that is gone today counts from the moment it stood directly in one of `folders`.
    """
    slots = {path: path for path in files}
    inside = frozenset(folders)
    walk = Walk(touched(state.log), slots, inside)
    for commit in walk:
        gone = [change for change in commit.files if change.after is None]
        touches = []
        for change in commit.files:
            if change.path in slots:
                source = _source(state, change, gone) if change.before is None else None
                slot = slots.pop(change.path)
                touches.append(_touch(slot, change, source))
                if source is not None:
                    gone.remove(source)
                    slots[source.path] = slot
                    walk.follow(source.path)
                elif change.before is not None:
                    slots[change.path] = slot
        for change in gone:
            if _folder(change.path) in inside and change.path not in slots and change.before is not None:
                slots[change.path] = change.path
                walk.follow(change.path)
                touches.append(Touch(change.path, change.path, None, change.before, None))
        if touches:
            yield Step(commit, tuple(touches))


def _touch(slot: str, change: FileChange, source: FileChange | None) -> Touch:
    if source is not None:
        return Touch(slot, source.path, change.path, source.before, change.after)
    old = change.path if change.before is not None else None
    return Touch(slot, old, change.path if change.after is not None else None, change.before, change.after)


def _source(state: DesiredState, change: FileChange, gone: Iterable[FileChange]) -> FileChange | None:
    """Find the file that a new one was before its move: the same bytes, else the same name with the same objects or most lines."""
    left = list(gone)
    same = [other for other in left if other.before == change.after]
    if same:
        return min(same, key=lambda other: (_name(other.path) != _name(change.path), other.path))
    named = [other for other in left if _name(other.path) == _name(change.path) and _alike(state, other, change)]
    return named[0] if len(named) == 1 else None


def _alike(state: DesiredState, old: FileChange, new: FileChange) -> bool:
    before, after = reading(state, old.path, old.before).pins, reading(state, new.path, new.after).pins
    if before and after:
        return bool(_objects(before) & _objects(after))
    texts = [state.blobs.get(blob) for blob in (old.before, new.after) if blob is not None]
    lines = [set(text.splitlines()) for text in texts if text is not None]
    return len(lines) == 2 and len(lines[0] & lines[1]) >= _ALIKE * max(map(len, lines))


def _objects(pins: Iterable[Pin]) -> set[tuple[str, ...]]:
    return {(*pin.place[1:3], pin.format) for pin in pins}


def reading(state: DesiredState, path: str | None, blob: Sha | None) -> Reading:
    """Return what a file said at that blob; nothing where it did not exist or cannot be had."""
    return NOTHING if path is None or blob is None else state.readings.get((path, blob), NOTHING)


def _folder(path: str) -> str:
    return path.rpartition("/")[0]


def _name(path: str) -> str:
    return path.rpartition("/")[2]
