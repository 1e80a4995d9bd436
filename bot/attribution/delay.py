"""Release → onset delay: how well a release's time fits the time when the symptom began, which is known but roughly.

The density of the damage beginning `d` seconds after a release is log-normal with a tail spread evenly in log time; it is averaged
over when the damage may have begun, a Gamma distributed lag before it was noticed. Gandalf (Li et al., NSDI 2020) and ChangeRCA
(FSE 2024) weigh concurrent changes by such a decay.
"""

from __future__ import annotations

import numpy as np

from bot.attribution.evidence import Alert
from bot.attribution.grid import Floats
from bot.attribution.parameters import Delays

GRID = 60
HOUR = 3600.0
SOONEST = 60.0
"""Seconds from which on the tail is even in log time."""
NEVER = 1e-5
"""Against one an hour: clocks disagree, so nothing is impossible."""


def noticed(alert: Alert) -> float:
    """When the symptom was first seen: the first breach, and never later than the alert itself."""
    return alert.fired_at if alert.first_breach_at is None else min(alert.first_breach_at, alert.fired_at)


def onsets(alert: Alert, step: float, delays: Delays) -> tuple[Floats, Floats]:
    """When the damage may have begun, and how likely each is (float64[GRID] each, summing to one)."""
    mean = delays.report_lag if alert.user_report else delays.alert_lag
    lag = (np.arange(GRID) + 0.5) / GRID * 4 * mean
    likely = lag ** (delays.lag_shape - 1) * np.exp(-lag * delays.lag_shape / mean)
    return noticed(alert) - lag * step, likely / likely.sum()


def fit(released_at: float, began: tuple[Floats, Floats], delays: Delays) -> float:
    """Log density of the release's delay against one an hour, in nats, before `delays.weight`."""
    when, likely = began
    delay = np.maximum(when - released_at, 1e-9)
    late = np.log(np.maximum(delay, 1.0))
    density = np.exp(-0.5 * ((late - np.log(delays.median)) / delays.spread) ** 2)
    density /= np.maximum(delay, 1.0) * delays.spread * np.sqrt(2 * np.pi)
    tail = 1 / (np.maximum(delay, SOONEST) * (1 + np.log(delays.window / SOONEST)))
    density = (1 - delays.tail) * density + delays.tail * tail
    density = np.where((when > released_at) & (delay < delays.window), density, 0.0)
    return float(np.log((likely * density).sum() * HOUR + NEVER))
