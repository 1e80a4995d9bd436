"""A commit × desired state → the files without what that commit changed, wherever it stands at HEAD now."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bot.manifests import spans
from bot.manifests.pin import Pin
from bot.manifests.read import read
from bot.manifests.secrets import secret_lines
from bot.objections import Objection, Weight
from bot.plans.merge import Merge, lines_of, merge
from bot.plans.repairs import carried_on, with_repairs
from bot.plans.sources import one_source
from bot.refs import Sha
from bot.releases.lineage import reading
from bot.releases.places import same_place
from bot.releases.release import Commit, DesiredState, FileChange


@dataclass(frozen=True, slots=True)
class Undone:
    """`text` None: the file goes. Where nothing is to be done `text` is the file as it stands."""

    text: bytes | None
    objections: tuple[Objection, ...] = ()


def undo_file(state: DesiredState, commit: Commit, change: FileChange, ours: bytes | None) -> Undone:
    """Take the commit's change of one file back out of `ours` (HEAD's text, or what newer undone commits left of it).

    Pins go back by exact edit even where lines conflict; what people repaired of the change goes with it; what has moved on
    since stays. Both are said.
    """
    before, after = _text(state, change.before), _text(state, change.after)
    if ours == before:
        return Undone(ours)
    done = _done(state, commit, change, before, after, ours)
    if ours is not None and done.text is not None and done.text != ours:
        text, halves = _rejoined(state, change, ours, done.text)
        lines = {half.line for half in halves}
        done = Undone(text, (*(o for o in done.objections if o.code != "moved-on" or o.line not in lines), *halves))
    if secrets_of(ours, change.path) != secrets_of(done.text, change.path):
        return Undone(ours, (_object("secret", "the commit changed a secret here; this file is left as it is", change.path),))
    return done


def _done(state: DesiredState, commit: Commit, change: FileChange, before: bytes | None, after: bytes | None, ours: bytes | None) -> Undone:
    if (change.before is not None and before is None) or (change.after is not None and after is None):
        return Undone(ours, (_object("unreadable", "an earlier version of this file cannot be read here", change.path),))
    if ours == after:
        return Undone(before)
    change, parts = carried_on(state, commit, change)
    after = _text(state, change.after) if parts else after
    said = tuple(_part(part, change.path) for part in parts)
    if ours == after:
        return Undone(before, said)
    if before is None or after is None or ours is None:
        what = "was changed since it came with this commit" if before is None else "is no longer what this commit left"
        return Undone(ours, (_object("moved-on", f"{what}; left as it is", change.path),))
    merged = merge(after, ours, before)
    if merged.conflicts:
        mended, repairs = with_repairs(state, parts[-1] if parts else commit, change)
        again = merge(_text(state, mended.after) or after, ours, before)
        if len(again.conflicts) < len(merged.conflicts):
            done = _but_conflicts(state, mended, again)
            return Undone(done.text, (*done.objections, *said, *(_repair(fix, change.path) for fix in repairs)))
    done = _but_conflicts(state, change, merged)
    return Undone(done.text, (*done.objections, *said))


def _but_conflicts(state: DesiredState, change: FileChange, merged: Merge) -> Undone:
    values = _values_back(state, change, merged.text)
    edited = spans.edit(merged.text, values) if values else merged.text
    lines = {pin.line for pin in values}
    objections = [
        _object("moved-on", "has changed since in the same lines; left as it is", change.path, conflict.at + 1)
        for conflict in merged.conflicts
        if not lines & set(range(conflict.at + 1, conflict.at + conflict.end - conflict.start + 2))
    ]
    if isinstance(edited, Objection):
        return Undone(merged.text, (*objections, edited))
    return Undone(edited, tuple(objections))


def _values_back(state: DesiredState, change: FileChange, text: bytes) -> dict[Pin, str]:
    """Return the pins of `text` that still hold what the commit brought in, with what they held before."""
    old = reading(state, change.path, change.before).pins
    new = reading(state, change.path, change.after).pins
    values: dict[Pin, str] = {}
    for pin in read(text, change.path, state.rules).pins:
        then, brought = same_place(pin, old), same_place(pin, new)
        if then and brought and then.value != brought.value == pin.value:
            values[pin] = then.value
    return values


def _rejoined(state: DesiredState, change: FileChange, ours: bytes, text: bytes) -> tuple[bytes, tuple[Objection, ...]]:
    """Take the other half of a source whose one half goes back to what stood beside it, whichever commit moved it since."""
    old, here = reading(state, change.path, change.before).pins, read(ours, change.path, state.rules).pins
    pins = read(text, change.path, state.rules).pins
    gone = [pin for pin in pins if (now := same_place(pin, here)) and now.value != pin.value]
    beside = {pin: then.value for pin in pins if any(one_source(pin, half) for half in gone) and (then := same_place(pin, old))}
    values = {pin: value for pin, value in beside.items() if value != pin.value}
    edited = spans.edit(text, values) if values else text
    if isinstance(edited, Objection):
        return text, (edited,)
    what = "comes from a source that goes back, and was moved since; it goes back to"
    return edited, tuple(
        _object("same-source", f"{pin.yaml_path} {what} {value}", change.path, pin.line)
        for pin, value in sorted(values.items(), key=lambda v: v[0].start)
    )


def _repair(commit: Commit, path: str) -> Objection:
    return _object("repair", f"{commit.sha[:8]} ({commit.subject}) only reworked what the commit brought in; it goes back with it", path)


def _part(commit: Commit, path: str) -> Objection:
    return _object(
        "part", f"{commit.sha[:8]} ({commit.subject}) carried on what the commit began, or was made for it; it goes back too", path
    )


def secrets_of(text: bytes | None, path: str) -> list[bytes]:
    hidden = secret_lines(text, path) if text else frozenset()
    return [line for number, line in enumerate(lines_of(text or b""), 1) if number in hidden]


def _text(state: DesiredState, blob: Sha | None) -> bytes | None:
    return None if blob is None else state.blobs.get(blob)


def _object(code: str, why: str, path: str, line: int | None = None) -> Objection:
    return Objection(code, why, Weight.PERSON, path, line)


def undo(state: DesiredState, commit: Commit, paths: Iterable[str] | None = None) -> dict[str, Undone]:
    """Undo all that a commit changed (in `paths`, where given). Files that stay as they are carry only objections."""
    wanted = None if paths is None else set(paths)
    return {
        change.path: undo_file(state, commit, change, state.file(change.path))
        for change in commit.files
        if wanted is None or change.path in wanted
    }
