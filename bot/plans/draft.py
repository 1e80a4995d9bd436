"""Files as they stand and as they are to be → what a plan says of them: edits, merged lines, and what a person must look at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import takewhile

from bot.manifests import spans
from bot.manifests.pin import Pin
from bot.manifests.read import read
from bot.objections import Objection, Weight
from bot.plans.merge import diff, lines_of
from bot.plans.plan import Edit, MergedLines
from bot.refs import Sha
from bot.releases.authors import is_bot
from bot.releases.lineage import reading
from bot.releases.places import same_place
from bot.releases.release import Commit, DesiredState

Files = Mapping[str, bytes | None]


def moved_pins(state: DesiredState, path: str, text: bytes | None) -> list[tuple[Pin, str]]:
    """Return the pins of HEAD's file that hold another value in `text`, with that value."""
    if text is None:
        return []
    now = reading(state, path, state.tree.get(path)).pins
    then = read(text, path, state.rules).pins
    found = ((pin, same_place(pin, then)) for pin in now)
    return [(pin, other.value) for pin, other in found if other is not None and other.value != pin.value]


def edits_of(state: DesiredState, files: Files) -> tuple[Edit, ...]:
    """List every scalar that changes, file by file, top to bottom."""
    return tuple(
        Edit(path, pin.yaml_path, pin.artefact, pin.line, pin.value, value)
        for path, text in sorted(files.items())
        for pin, value in moved_pins(state, path, text)
    )


def merged_of(state: DesiredState, files: Files) -> tuple[MergedLines, ...]:
    """Count the lines that change beside the pins."""
    counted = []
    for path, text in sorted(files.items()):
        before = state.file(path) or b""
        pinned = spans.edit(before, dict(moved_pins(state, path, text)))
        hunks = diff(lines_of(before if isinstance(pinned, Objection) else pinned), lines_of(text or b""))
        added, removed = sum(len(h.lines) for h in hunks), sum(h.end - h.start for h in hunks)
        if hunks:
            counted.append(MergedLines(path, added, removed))
    return tuple(counted)


def rewritten(state: DesiredState, commit: Commit, files: Files) -> Iterable[Objection]:
    """Object to files of which a person has changed more than half since that commit: the release is no longer what stands there."""
    for change in commit.files:
        since = [c for c in takewhile(lambda c: c.sha != commit.sha, state.log) if any(f.path == change.path for f in c.files)]
        person = next((c for c in since if not is_bot(c.author, c.email, c.message)), None)
        if change.path in files and change.after and person and _mostly_new(state, change.path, change.after):
            why = f"{person.author} has rewritten most of this file since ({person.sha[:8]})"
            yield Objection("rewritten", why, Weight.PERSON, change.path)


def _mostly_new(state: DesiredState, path: str, blob: Sha) -> bool:
    then, now = lines_of(state.blobs.get(blob) or b""), lines_of(state.file(path) or b"")
    kept = len(then) - sum(hunk.end - hunk.start for hunk in diff(then, now))
    return 2 * kept < len(now)


def changed(state: DesiredState, files: Files) -> dict[str, bytes | None]:
    """Keep the files that differ from HEAD."""
    return {path: text for path, text in files.items() if state.file(path) != text}


def whole_files(state: DesiredState, files: Files) -> Iterable[Objection]:
    """Object to files that come or go: objects go with them (law 6)."""
    for path, text in sorted(files.items()):
        if text is None:
            yield Objection("deletes-file", "the rollback deletes this file; objects in it would go", Weight.PERSON, path)
        elif path not in state.tree:
            yield Objection("restores-file", "the rollback brings this file back; objects in it would be made again", Weight.PERSON, path)
