"""A pin that leads, and where it goes → all the scalars that go with it, the lines that came along, and the files they make."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import takewhile

from bot.manifests import spans
from bot.manifests.pin import Pin
from bot.manifests.read import read
from bot.objections import Objection, Weight
from bot.plans.charts import own_version, raised, said
from bot.plans.lines import as_written
from bot.plans.merge import merge
from bot.plans.sources import one_source
from bot.plans.timeline import Held, Touch, held, touching
from bot.plans.undo import secrets_of
from bot.refs import Sha
from bot.releases.lineage import reading
from bot.releases.places import same_place
from bot.releases.release import DesiredState, FileChange
from bot.releases.touched import among


@dataclass(frozen=True, slots=True)
class Lead:
    """The pin that was asked for, what its place has held, and which of those it goes back to (an index into `segments`)."""

    pin: Pin
    segments: Sequence[Held]
    index: int

    @property
    def undone(self) -> list[Sha]:
        """The commits whose releases go back, newest first."""
        return [segment.commit for segment in self.segments[: self.index]]

    @property
    def target(self) -> str:
        return self.segments[self.index].value


@dataclass(slots=True)
class Back:
    """Files under way: `values` are the scalars, `texts` the files with companion lines taken back but pins not yet."""

    values: dict[Pin, str] = field(default_factory=dict)
    texts: dict[str, bytes | None] = field(default_factory=dict)
    objections: list[Objection] = field(default_factory=list)


def together(state: DesiredState, lead: Lead, family: Iterable[Pin]) -> Back:
    """Return the lead's scalar and those of its family that the undone releases moved, each with the value it had before them.

    The other half of the lead's own source goes back to what stood beside the target, whichever commit moved it since.
    """
    back = Back({lead.pin: lead.target})
    undone = set(lead.undone)
    members = [pin for pin in family if pin != lead.pin]
    touches = touching(state, {pin.path for pin in members})
    moved_in = {path: any(t.commit.sha in undone for t in found) for path, found in touches.items()}
    for pin in members:
        if one_source(pin, lead.pin):
            _rejoin(back, state, lead, pin, touches[pin.path])
        elif moved_in[pin.path]:
            _follow(back, state, pin, touches[pin.path], undone)
        if pin not in back.values and (pin.artefact, pin.value) == (lead.pin.artefact, lead.pin.value) and pin.artefact:
            back.values[pin] = lead.target
    return back


def _follow(back: Back, state: DesiredState, pin: Pin, touches: Sequence[Touch], undone: set[Sha]) -> None:
    newest = True
    for segment in held(state, pin, touches):
        if segment.commit not in undone:
            if not newest:
                back.values[pin] = segment.value
            elif _moved_before(state, pin, touches, undone):
                _moved_on(back, pin)
            return
        newest = False


def _moved_on(back: Back, pin: Pin) -> None:
    value = raised(pin.value) if own_version([pin]) else None
    if value:
        back.values[pin] = value
        back.objections.append(said(pin, value))
    else:
        why = f"{pin.yaml_path} has moved on since to {pin.value}; left as it is"
        back.objections.append(Objection("moved-on", why, Weight.NOTE, pin.path, pin.line))


def _rejoin(back: Back, state: DesiredState, lead: Lead, pin: Pin, touches: Sequence[Touch]) -> None:
    first = lead.undone[-1]
    since = {first, *(commit.sha for commit in takewhile(lambda commit: commit.sha != first, state.log))}
    segments = list(held(state, pin, touches))
    beside = next((segment for segment in segments if segment.commit not in since), None)
    if beside is None or beside.value == pin.value:
        return
    back.values[pin] = beside.value
    if segments[0].commit not in lead.undone:
        why = f"{pin.yaml_path} comes from the same source and was moved since by {segments[0].commit[:8]}; it goes back to {beside.value}"
        back.objections.append(Objection("same-source", why, Weight.PERSON, pin.path, pin.line))


def _moved_before(state: DesiredState, pin: Pin, touches: Sequence[Touch], undone: set[Sha]) -> bool:
    for touch in touches:
        if touch.commit.sha in undone:
            then = same_place(pin, reading(state, pin.path, touch.change.before).pins)
            now = same_place(pin, reading(state, pin.path, touch.change.after).pins)
            return bool(then and now and then.value != now.value)
    return False


def companions(state: DesiredState, lead: Lead, back: Back, paths: Iterable[str]) -> None:
    """Take the undone releases' other lines in `paths` back where they merge cleanly, newest release first."""
    wanted = set(paths)
    for commit in among(state.log, lead.undone):
        for change in commit.files:
            if change.path in wanted and change.before and change.after:
                _take_lines(state, back, change.path, change.before, change.after)


def left_behind(state: DesiredState, lead: Lead) -> Iterator[Objection]:
    """Say what else the undone releases changed, where only a place's own version goes back."""
    for commit in among(state.log, lead.undone):
        others = [change.path for change in commit.files if change.path != lead.pin.path]
        own = any(_other_lines(state, change) for change in commit.files if change.path == lead.pin.path)
        if others or own:
            what = " and ".join([*(["other lines of this file"] if own else []), *([f"{len(others)} other files"] if others else [])])
            why = f"{commit.sha[:8]} also changed {what}; they stay (--commit {commit.sha[:8]} undoes all of it)"
            yield Objection("left-behind", why, Weight.NOTE, lead.pin.path, lead.pin.line)


def _other_lines(state: DesiredState, change: FileChange) -> bool:
    before, after = (state.blobs.get(blob) if blob else None for blob in (change.before, change.after))
    if before is None or after is None or change.before is None or change.after is None:
        return True
    return _but_pins(state, change.path, change.before, before, change.after) != after


def _take_lines(state: DesiredState, back: Back, path: str, before_blob: Sha, after_blob: Sha) -> None:
    ours = back.texts.get(path, state.file(path))
    before, after = state.blobs.get(before_blob), state.blobs.get(after_blob)
    if ours is None or before is None or after is None:
        return
    theirs = _but_pins(state, path, before_blob, before, after_blob)
    merged = merge(after, ours, theirs)
    if secrets_of(merged.text, path) != secrets_of(ours, path):
        why = "the release changed a secret here; its other lines stay as they are"
        back.objections.append(Objection("secret", why, Weight.PERSON, path))
        return
    back.texts[path] = merged.text
    for conflict in merged.conflicts:
        back.objections.append(
            Objection("companion-moved-on", "lines of the release have changed since; left as they are", Weight.NOTE, path, conflict.at + 1)
        )


def _but_pins(state: DesiredState, path: str, before_blob: Sha, before: bytes, after_blob: Sha) -> bytes:
    """Return `before` with every pin as it is after: what is left of the change are its other lines."""
    now = reading(state, path, after_blob).pins
    pairs = ((pin, same_place(pin, now)) for pin in reading(state, path, before_blob).pins)
    values = {pin: other.value for pin, other in pairs if other and other.value != pin.value}
    edited = spans.edit(before, values) if values else before
    return before if isinstance(edited, Objection) else edited


def written(state: DesiredState, back: Back) -> Mapping[str, bytes | None]:
    """Return the files with all scalars and companion lines in place; a file that refuses its edit is left out, and said."""
    files: dict[str, bytes | None] = dict(back.texts)
    for path in sorted({pin.path for pin in back.values}):
        text = back.texts.get(path, state.file(path))
        if text is None:
            continue
        values = _in(state, path, text, {pin: value for pin, value in back.values.items() if pin.path == path})
        edited = spans.edit(text, values)
        if isinstance(edited, Objection):
            back.objections.append(edited)
            files.pop(path, None)
        else:
            files[path] = as_written(state, path, text, edited)
    return files


def _in(state: DesiredState, path: str, text: bytes, values: Mapping[Pin, str]) -> dict[Pin, str]:
    """Find HEAD's pins again in a text whose other lines have moved."""
    if text == state.file(path):
        return dict(values)
    here = read(text, path, state.rules).pins
    pairs = ((same_place(pin, here), value) for pin, value in values.items())
    return {pin: value for pin, value in pairs if pin is not None}
