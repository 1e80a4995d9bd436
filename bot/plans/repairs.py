"""A commit's change of a file × what came after → the same change with what carried it on, and with the repairs made to it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import takewhile

from bot.manifests.pin import Pin
from bot.plans.merge import Hunk, diff, lines_of
from bot.plans.targets import UNSURE
from bot.plans.timeline import Touch, touching
from bot.refs import Sha
from bot.releases.authors import is_bot
from bot.releases.lineage import reading
from bot.releases.places import pin_changes, same_place
from bot.releases.release import Commit, DesiredState, FileChange

_SAYS_NOTHING = re.compile(r"(?:Merge|Revert) |(?:Create|Update|Delete|Rename) \S+$")
_TELLING = 3
"""Words of a subject: `fix`, `update redis` are said of other changes too."""


def carried_on(state: DesiredState, commit: Commit, change: FileChange) -> tuple[FileChange, list[Commit]]:
    """Return the change with the commits that directly followed it in this file and belong to it, and those commits, oldest first.

    One change made in several commits: a person's, within hours, each under the very same subject. Or made for what the commit
    brought in: a person's that names that version in its subject and moves none. Neither touches a file that the commit did not.
    """
    parts: list[Commit] = []
    paths = {each.path for each in commit.files}
    for touch in _later(state, commit, change.path):
        later = touch.commit
        if touch.change.after is None or is_bot(later.author, later.email, later.message) or not {f.path for f in later.files} <= paths:
            break
        if not _same_change(commit, later) and not _made_for(state, later, _versions(state, change)):
            break
        change = FileChange(change.path, change.before, touch.change.after)
        parts.append(later)
    return change, parts


def _same_change(commit: Commit, later: Commit) -> bool:
    subject = commit.subject.strip()
    tells = len(subject.split()) >= _TELLING and not _SAYS_NOTHING.match(subject)
    both = not is_bot(commit.author, commit.email, commit.message) and _by_hand_in_time(later, commit)
    return both and tells and later.subject.strip() == subject


def _versions(state: DesiredState, change: FileChange) -> set[str]:
    """The versions of several numbers that the change brought in."""
    old = reading(state, change.path, change.before).pins
    new = reading(state, change.path, change.after).pins
    moved = (pin.value for pin in new if (was := same_place(pin, old)) and was.value != pin.value)
    return {value.partition("@")[0].removeprefix("v") for value in moved if re.match(r"v?\d+\.\d+", value)}


def _made_for(state: DesiredState, later: Commit, versions: set[str]) -> bool:
    if not any(re.search(rf"(?<![\w.-])v?{re.escape(version)}(?![\w-]|\.\w)", later.subject) for version in versions):
        return False
    return not any(pin_changes(*(reading(state, f.path, blob).pins for blob in (f.before, f.after))) for f in later.files)


def with_repairs(state: DesiredState, commit: Commit, change: FileChange) -> tuple[FileChange, list[Commit]]:
    """Return the change as its repairs left it, and the commits that made them, oldest first.

    A repair is a person's commit, made before the change had proven itself, that does nothing in this file but rework what the
    change brought in: without the change it means nothing. What moves a version that stood before is a release of its own.
    """
    before, text = _text(state, change.before), _text(state, change.after)
    repairs: list[Commit] = []
    if before is None or text is None:
        return change, repairs
    brought = _marks(diff(before, text), [False] * len(before))
    for touch in _later(state, commit, change.path):
        new = _text(state, touch.change.after)
        if new is None or new == before or not _by_hand_in_time(touch.commit, commit) or _releases(state, change, touch.change):
            break
        hunks = diff(text, new)
        if not all(any(brought[max(0, hunk.start - 1) : hunk.end + 1]) for hunk in hunks):
            break
        brought, text = _marks(hunks, brought), new
        change = FileChange(change.path, change.before, touch.change.after)
        repairs.append(touch.commit)
    return change, repairs


def _later(state: DesiredState, commit: Commit, path: str) -> Iterable[Touch]:
    return reversed(list(takewhile(lambda touch: touch.commit.sha != commit.sha, touching(state, [path])[path])))


def _by_hand_in_time(later: Commit, commit: Commit) -> bool:
    return later.time - commit.time <= UNSURE and not is_bot(later.author, later.email, later.message)


def _marks(hunks: Sequence[Hunk], marks: Sequence[bool]) -> list[bool]:
    """Carry the marks of lines over to a newer text: lines that the hunks add are marked, all others keep theirs."""
    carried: list[bool] = []
    at = 0
    for hunk in hunks:
        carried += [*marks[at : hunk.start], *(True for _ in hunk.lines)]
        at = hunk.end
    return [*carried, *marks[at:]]


def _releases(state: DesiredState, change: FileChange, later: FileChange) -> bool:
    """Whether the later change moves something (its version, or where it comes from) that the first had not brought in."""
    first, was = reading(state, change.path, change.before).pins, reading(state, later.path, later.before).pins
    return any(_moved(pin, same_place(pin, was), same_place(pin, first)) for pin in reading(state, later.path, later.after).pins)


def _moved(pin: Pin, was: Pin | None, first: Pin | None) -> bool:
    if was is None or first is None or first.artefact != was.artefact:
        return False
    return (was.artefact, was.value) != (pin.artefact, pin.value)


def _text(state: DesiredState, blob: Sha | None) -> list[bytes] | None:
    text = None if blob is None else state.blobs.get(blob)
    return None if text is None else lines_of(text)
