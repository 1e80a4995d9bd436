"""An edited file → the same, its edited lines as they were once written: quotes, spaces and comments of the line that goes back."""

from __future__ import annotations

import re
from collections.abc import Mapping

from bot.manifests.read import read
from bot.plans.merge import lines_of
from bot.plans.timeline import touching
from bot.releases.lineage import reading
from bot.releases.release import DesiredState

_INK = re.compile(rb"[\s\"']+")


def as_written(state: DesiredState, path: str, text: bytes, edited: bytes) -> bytes:
    """Restore edited lines that stood in the file before in other quotes or spaces: the newest such line, if the pins read the same.

    Only lines that a release changed on the way here are looked at, so that nobody's later formatting is lost.
    """
    old, new = lines_of(text), lines_of(edited)
    if len(old) != len(new):
        return edited
    wanted = {index: line for index, (was, line) in enumerate(zip(old, new, strict=True)) if was != line}
    found = _written_before(state, path, set(wanted.values()))
    for index, line in wanted.items():
        new[index] = found.get(line, line)
    restored = b"".join(new)
    return restored if restored == edited or _same_pins(state, path, restored, edited) else edited


def _written_before(state: DesiredState, path: str, lines: set[bytes]) -> Mapping[bytes, bytes]:
    """Find for each line the newest one in the file's history that says the same."""
    left = {_INK.sub(b"", line): line for line in lines}
    found: dict[bytes, bytes] = {}
    for touch in touching(state, [path])[path]:
        if not left:
            break
        blob = touch.change.before
        if blob is None or not any(pin.value for pin in reading(state, path, blob).pins):
            continue
        for line in lines_of(state.blobs.get(blob) or b""):
            asked = left.pop(_INK.sub(b"", line), None)
            if asked is not None:
                found[asked] = line
    return found


def _same_pins(state: DesiredState, path: str, one: bytes, other: bytes) -> bool:
    return [(p.place, p.value) for p in read(one, path, state.rules).pins] == [
        (p.place, p.value) for p in read(other, path, state.rules).pins
    ]
