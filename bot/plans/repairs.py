"""A commit's change of a file × what came after → the same change with the repairs that people made to it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import takewhile

from bot.manifests.pin import Pin
from bot.plans.merge import Hunk, diff, lines_of
from bot.plans.targets import UNSURE
from bot.plans.timeline import Touch, touching
from bot.refs import Sha
from bot.releases.authors import is_bot
from bot.releases.lineage import reading
from bot.releases.places import same_place
from bot.releases.release import Commit, DesiredState, FileChange


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
