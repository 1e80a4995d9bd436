"""What `.rollbot.yaml` may say about waiting for, and judging, a rollback. Times in seconds."""

from __future__ import annotations

from dataclasses import dataclass

MINUTE = 60.0


@dataclass(frozen=True, slots=True)
class OutcomeRules:
    """`arrive_within`: not synced after this long is said to a person. `settle`: pods need this long after the sync.

    `soak`: positive evidence must last this long. `alert_window`: used where the alert's own window cannot be read.
    `min_samples`: fewer samples after the sync are no evidence either way (F18).
    `give_up`: what has not arrived, or cannot be judged, after this long is a person's to look at.
    `error_logs`: a LogQL metric of error lines, "" for none.
    `end_stuck`: a sync that still holds another revision this long after our merge is ended; 0: never.
    """

    arrive_within: float = 15 * MINUTE
    settle: float = MINUTE
    soak: float = 5 * MINUTE
    alert_window: float = 10 * MINUTE
    min_samples: int = 3
    give_up: float = 120 * MINUTE
    end_stuck: float = 0.0
    error_logs: str = ""
