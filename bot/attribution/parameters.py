"""The numbers of the posterior that are fitted or set by hand; fitted.py holds those that ship."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Parameters:
    """`fitted_on`: on which data, by which command. `act_at`: the probability at which precision was held when fitted. Times in seconds."""

    fitted_on: str = "set by hand, fitted on nothing"
    act_at: float = 0.9
    release_share: float = 0.6
    change_failure: float = 0.1
    change_failure_weight: float = 20.0
    delay_mean: float = 480.0
    delay_tail: float = 0.2
    window: float = 7 * 24 * 3600.0
    temperature: float = 1.0
