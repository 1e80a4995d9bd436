"""What a place has held, newest first: which value, brought in by which commit, until when."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from bot.manifests.pin import Pin
from bot.refs import Instant, Sha
from bot.releases.lineage import reading
from bot.releases.places import same_place
from bot.releases.release import Commit, DesiredState, FileChange
from bot.releases.touched import touched


@dataclass(frozen=True, slots=True)
class Held:
    """`value` stood at the place from `since` (the commit that brought it) until `until` (None: it still stands).

    `pin` is how it was written then.
    """

    value: str
    pin: Pin
    commit: Sha
    since: Instant
    until: Instant | None

    @property
    def served(self) -> float | None:
        return None if self.until is None else self.until - self.since


@dataclass(frozen=True, slots=True)
class Touch:
    """A commit's change of one file."""

    commit: Commit
    change: FileChange


def touching(state: DesiredState, paths: Iterable[str]) -> Mapping[str, list[Touch]]:
    """Return for each path the commits that changed it, newest first."""
    index = touched(state.log)
    return {path: [Touch(state.log[position], change) for position, change in index.by_path.get(path, ())] for path in paths}


def held(state: DesiredState, pin: Pin, touches: Iterable[Touch]) -> Iterator[Held]:
    """Yield what `pin`'s place held, newest first, as far back as the history knows it.

    A version of the file that could not be read says nothing of the place: what it held before that is looked for further back.
    """
    current: Pin = pin
    until: Instant | None = None
    for touch in touches:
        then = reading(state, current.path, touch.change.before)
        before = same_place(current, then.pins)
        if (then.objections and not then.pins) or (before is not None and before.value == current.value):
            continue
        yield Held(current.value, current, touch.commit.sha, touch.commit.time, until)
        if before is None:
            return
        current, until = before, touch.commit.time
