"""What a place has held → where it may go back to, best first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

from bot.plans.plan import Target
from bot.plans.timeline import Held

HOUR = 3600.0
UNSURE = 4 * HOUR
"""A version that served less than this is right in only 64–76 % of people's rollbacks."""


def targets(segments: Sequence[Held], barred: Callable[[Held], bool]) -> list[tuple[Target, Held]]:
    """Return earlier values, each once, none that stands now, none that is barred.

    The newest that was not rolled back from comes first, the others after it, newest first. An unproven build of the very
    version that stands now is passed over too: going back to it would not leave that version.
    """
    seen = {segments[0].value} if segments else set()
    left = rolled_back_from(segments)
    found: list[tuple[Target, Held]] = []
    for index, segment in enumerate(segments[1:], 1):
        if segment.value in seen or barred(segment):
            continue
        seen.add(segment.value)
        total = sum(s.served or 0.0 for s in segments if s.value == segment.value)
        why = _why(index, total, segment.value in left)
        found.append((Target(segment.value, segment.commit, total, why, index, segment.until), segment))
    kept = [option for option in found if option[1].value not in left]
    best = next((option for option in kept if not _same_version(option[0], segments[0])), kept[0] if kept else None)
    return sorted(found, key=lambda option: option is not best)


def _same_version(target: Target, current: Held) -> bool:
    """Whether the target is an unproven build of the current version: `4.5.0@sha256:…` twice; `latest` names no version."""
    tag, digest = target.version.partition("@")[::2]
    numbered = any(character.isdigit() for character in tag)
    return bool(digest) and numbered and tag == current.value.partition("@")[0] and (target.served or 0.0) < UNSURE


def _why(index: int, total: float, left: bool) -> str:
    place = "the version before this one" if index == 1 else f"{index} releases back"
    doubts = [f"served only {spoken(total)}"] if total < UNSURE else []
    doubts += ["was itself rolled back from"] if left else []
    return f"{place}, served {spoken(total)}" if not doubts else f"{place}, but {' and '.join(doubts)}"


def rolled_back_from(segments: Sequence[Held]) -> frozenset[str]:
    """Return the values that somebody left for one known before them, and that have not served again since as a sure one does.

    A value that came again and was left once more within four hours has not proven itself.
    """
    known = {segment.value: -index for index, segment in enumerate(segments)}  # smallest: known longest
    since: dict[str, float] = {}
    for before, after in pairwise(reversed(segments)):
        if known[after.value] < known[before.value]:
            since[before.value] = 0.0
        elif before.value in since:
            since[before.value] += before.served or 0.0
    return frozenset(value for value, served in since.items() if served < UNSURE)


def doubtful(segments: Sequence[Held], target: Target) -> bool:
    """Whether a person should look at the target first (held under four hours, or itself rolled back from)."""
    return target.version in rolled_back_from(segments) or (target.served or 0.0) < UNSURE


def spoken(seconds: float) -> str:
    """`90 s`, `12 min`, `5 h`, `3 d`."""
    for size, unit in ((86400.0, "d"), (3600.0, "h"), (60.0, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
