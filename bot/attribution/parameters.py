"""The numbers of the posterior: fitted ones, and those set by hand because no data speak of them. fitted.py holds those that ship."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Weights:
    """What a service's standing is worth, in nats a unit; `Standing` says what the units are. Fitted."""

    latency: float = 1.0
    errors: float = 1.0
    resources: float = 1.0
    calls: float = -0.5
    deeper: float = 0.5
    callers: float = 1.0
    share: float = 0.5


@dataclass(frozen=True, slots=True)
class Delays:
    """How long after a release its damage begins, and how long after that somebody notices.

    `median`, `spread`: log-normal, in seconds and in nats; `tail`: share that is spread evenly in log time up to `window` seconds.
    `alert_lag`, `report_lag`: mean, in steps of the metrics, from the damage to the first breach of a rule or the word of a person;
    both are Gamma distributed with shape `lag_shape`. `weight`: exponent of the whole, below 1 where delays prove less than that.
    """

    median: float = 200.0
    spread: float = 0.8
    tail: float = 0.1
    window: float = 7 * 24 * 3600.0
    alert_lag: float = 1.6
    report_lag: float = 3.0
    lag_shape: float = 2.5
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Byhand:
    """Set by hand: none of the data that the others are fitted on have platform faults, two versions at once, diffs or logs."""

    change_failure: float = 0.1
    """Mean of the Beta prior of a service's change-failure rate: 5-15 % in most surveys (DORA)."""
    change_failure_weight: float = 20.0
    """How many releases that prior weighs."""
    bot: float = -0.3
    """A bump by an automation, tested by others before it."""
    large: float = 0.3
    """A change of more than 200 lines."""
    platform: float = -3.0
    platform_spread: float = 6.0
    """Times by how much more than half of the measured services are red without one that explains them."""
    harmless: float = -2.0
    """Only documentation, tests or styles were touched."""
    risky: float = 0.5
    """Limits, timeouts, migrations or dependencies were touched."""
    takes_away: float = 1.0
    """Lines went and nothing came: a guard, a call, a registration is gone."""
    words: float = 2.0
    """The most that words shared by the change and by what the service logs since onset are worth."""
    outside: float = 3.0
    """The service's new errors name a host that is none of the services, the node, or one record that is tried again and again."""
    event: float = 0.5
    """A flag, infrastructure or the like changed on the service in the hour before onset (F19)."""
    false_alarm: float = 0.01
    """Error level of the always-valid test of two versions side by side."""
    contrast: float = 5.0
    """The most that two versions side by side are worth, either way."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """`fitted_on`: on which data, by which command. `act_at`: the probability above which precision was held when it was fitted.

    `release`: log-odds of one release against one service's outside causes, before any evidence. `noise`, `noise_strength`: log
    weight of a false alarm, and what the strongest anomaly adds to it (less than to its own service). `temperature` divides all.
    """

    fitted_on: str = "set by hand, fitted on nothing"
    act_at: float = 0.9
    weights: Weights = Weights()
    delays: Delays = Delays()
    byhand: Byhand = Byhand()
    release: float = 1.0
    noise: float = 2.0
    noise_strength: float = 1.5
    temperature: float = 1.0
