"""What a place has held → where it may go back to, best first."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bot.plans.plan import Target
from bot.plans.timeline import Held

HOUR = 3600.0
UNSURE = 4 * HOUR
"""A version that served less than this is right in only 64–76 % of people's rollbacks."""


def targets(segments: Sequence[Held], barred: Callable[[Held], bool]) -> list[tuple[Target, Held]]:
    """Return earlier values, newest first, each once; none that stands now, none that is barred."""
    seen = {segments[0].value} if segments else set()
    found: list[tuple[Target, Held]] = []
    for index, segment in enumerate(segments[1:], 1):
        if segment.value in seen or barred(segment):
            continue
        seen.add(segment.value)
        total = sum(s.served or 0.0 for s in segments if s.value == segment.value)
        found.append((Target(segment.value, segment.commit, total, _why(segments, index, total)), segment))
    return found


def _why(segments: Sequence[Held], index: int, total: float) -> str:
    place = "the version before this one" if index == 1 else f"{index} releases back"
    doubts = [f"served only {spoken(total)}"] if total < UNSURE else []
    doubts += ["was itself rolled back from"] if left(segments, index) else []
    return f"{place}, served {spoken(total)}" if not doubts else f"{place}, but {' and '.join(doubts)}"


def left(segments: Sequence[Held], index: int) -> bool:
    """Whether the value at `index` was itself rolled back from: what followed it is what came before it."""
    return 0 < index < len(segments) - 1 and segments[index - 1].value == segments[index + 1].value


def doubtful(segments: Sequence[Held], target: Target) -> bool:
    """Whether a person should look at the target first (held under four hours, or itself rolled back from)."""
    at = next((i for i, s in enumerate(segments) if i and s.value == target.version), 0)
    return bool(at) and (left(segments, at) or (target.served or 0.0) < UNSURE)


def spoken(seconds: float) -> str:
    """`90 s`, `12 min`, `5 h`, `3 d`."""
    for size, unit in ((86400.0, "d"), (3600.0, "h"), (60.0, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
