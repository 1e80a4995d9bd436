"""When the symptom began: what the alert says is late by its own `for:` and range window (F5)."""

from __future__ import annotations

from dataclasses import dataclass

from bot.refs import Instant


@dataclass(frozen=True, slots=True)
class Onset:
    """The symptom began between `earliest` and `latest`. What was released between them is suspected, never with certainty."""

    earliest: Instant
    latest: Instant
    why: str


@dataclass(frozen=True, slots=True)
class Clue:
    """What is known of one alert: when it fired, when it began to be pending, how far back its expression looks."""

    started: Instant
    pending: Instant | None = None
    window: float | None = None


def onset(clues: tuple[Clue, ...], fallback: float) -> Onset:
    """Return the onset of the earliest alert; `fallback` stands for a window that cannot be read."""
    return min((_onset(clue, fallback) for clue in clues), key=lambda found: found.earliest)


def _onset(clue: Clue, fallback: float) -> Onset:
    if clue.pending is not None:
        began = min(clue.pending, clue.started)
        return Onset(began, began, "the alert's condition has held since then")
    if clue.window is not None:
        return Onset(clue.started - clue.window, clue.started, "the alert fired at the latter and looks back to the former")
    return Onset(clue.started - fallback, clue.started, "the alert fired at the latter; how far it looks back is not known")
