"""Chances and thresholds → what is done. The worked prices: a person below .25, acting from .88 on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from bot.attribution.onset import Onset
from bot.attribution.posterior import Belief, External, OfRelease, Posterior
from bot.attribution.suspects import Attribution, Suspect
from bot.objections import Weight
from bot.policy.case import Case
from bot.policy.decide import Decision, Escalate, Refuse, Rollback, Wait
from bot.policy.judgement import PRESETS, Bounds, Strategy, Sureness, ladder
from bot.policy.optimize.dp import solve
from bot.policy.optimize.prices import Prices
from bot.policy.settings import Trust
from bot.policy.weigh import scales, weigh
from bot.refs import Sha
from tests.policy.test_rules import BAD, NOW, OTHER, a_case, a_hold, a_release, past

BOUNDS, PRICES = Bounds(), Prices()
ELSEWHERE = {"cafe": "payments 2.0.0 (cafe); `/rollback payments in prod` takes it back"}


def judged(chances: Mapping[str, float], elsewhere: float = 0.0) -> tuple[Case, Posterior]:
    suspects = tuple(
        Suspect(a_release(Sha(key), f"v-{key[:4]}"), True, "it was live", chance, Belief(OfRelease(key, "checkout"), 0.1, (), chance))
        for key, chance in chances.items()
    )
    beliefs = [suspect.belief for suspect in suspects if suspect.belief]
    beliefs.append(Belief(OfRelease("cafe", "payments"), 0.1, (), elsewhere))
    beliefs.append(Belief(External("checkout"), 0.1, (), 1.0 - elsewhere - sum(chances.values())))
    case = a_case(attribution=Attribution(Onset(NOW, NOW, ""), suspects, ()), suspect=None, release=None, confirmed=True)
    return case, Posterior(tuple(beliefs), NOW, True, ())


def decided(
    chances: Mapping[str, float], *, look: int = 0, elsewhere: float = 0.0, bounds: Bounds = BOUNDS, prices: Prices = PRICES
) -> Decision:
    case, posterior = judged(chances, elsewhere)
    return weigh(case, posterior, scales(solve(prices), bounds, look, 60.0, ELSEWHERE))


@pytest.mark.parametrize(
    ("chances", "more", "decision"),
    [
        pytest.param({BAD: 0.95}, {}, Rollback, id="sure"),
        pytest.param({BAD: 0.6}, {}, Wait, id="likely"),
        pytest.param({BAD: 0.6}, {"look": 5}, Rollback, id="likely, and no more time to wait"),
        pytest.param({BAD: 0.2}, {}, Escalate, id="hardly"),
        pytest.param({BAD: 0.2}, {"look": 5}, Escalate, id="hardly, and no more time"),
        pytest.param({}, {}, Escalate, id="nobody"),
        pytest.param({BAD: 0.3}, {"elsewhere": 0.6}, Escalate, id="another service's"),
        pytest.param({BAD: 0.6}, {"bounds": Bounds(act=0.5)}, Rollback, id="the configuration acts sooner"),
        pytest.param({BAD: 0.6}, {"bounds": Bounds(person=0.7)}, Escalate, id="the configuration calls sooner"),
        pytest.param({BAD: 0.9}, {"bounds": Bounds(act=0.95)}, Wait, id="the configuration acts later"),
        pytest.param({BAD: 0.99}, {"prices": Prices(wrong_rollback=60, rollback=25)}, Rollback, id="never alone, and proposed at once"),
    ],
)
def test_what_is_done(chances: Mapping[str, float], more: dict[str, object], decision: type) -> None:
    assert isinstance(decided(chances, **more), decision)  # type: ignore[arg-type]


def test_the_likeliest_goes_back_not_the_newest() -> None:
    decision = decided({BAD: 0.05, OTHER: 0.93})

    assert isinstance(decision, Rollback)
    assert decision.suspect.release.commit == OTHER


@pytest.mark.parametrize(("chance", "look", "codes"), [(0.95, 0, []), (0.6, 5, ["unsure"]), (0.87, 5, ["unsure"])])
def test_what_is_not_sure_needs_a_person(chance: float, look: int, codes: list[str]) -> None:
    decision = decided({BAD: chance}, look=look)

    assert isinstance(decision, Rollback)
    assert [(each.code, each.weight) for each in decision.objections] == [(code, Weight.PERSON) for code in codes]


def test_however_likely_the_rules_come_first() -> None:
    case, posterior = judged({BAD: 0.99})
    on = scales(solve(Prices()), Bounds(), 0, 60.0, {})

    assert isinstance(weigh(replace(case, holds=(a_hold(),)), posterior, on), Wait)
    assert isinstance(weigh(replace(case, past=(past(release=BAD),)), posterior, on), Refuse)


def test_another_services_release_is_named_with_how_to_take_it_back() -> None:
    decision = decided({BAD: 0.3}, elsewhere=0.6)

    assert isinstance(decision, Escalate)
    assert "/rollback payments in prod" in decision.why


@pytest.mark.parametrize(
    ("trust", "named", "strategy", "sureness", "goes"),
    [
        (Trust.MERGE, True, Strategy.HYBRID, Sureness.SURE, Trust.MERGE),
        (Trust.MERGE, True, Strategy.HYBRID, Sureness.UNKNOWN, Trust.MERGE),
        (Trust.MERGE, True, Strategy.HYBRID, Sureness.UNSURE, Trust.PROPOSE),
        (Trust.PROPOSE, False, Strategy.ACTIVE, Sureness.SURE, Trust.MERGE),
        (Trust.PROPOSE, True, Strategy.ACTIVE, Sureness.SURE, Trust.PROPOSE),
        (Trust.MERGE, True, Strategy.ACTIVE, Sureness.UNKNOWN, Trust.PROPOSE),
        (Trust.PUSH, True, Strategy.PASSIVE, Sureness.SURE, Trust.PROPOSE),
        (Trust.NOTIFY, True, Strategy.PASSIVE, Sureness.SURE, Trust.NOTIFY),
        (Trust.PUSH, True, Strategy.SHADOW, Sureness.SURE, Trust.OBSERVE),
    ],
)
def test_a_strategy_bounds_trust(trust: Trust, named: bool, strategy: Strategy, sureness: Sureness, goes: Trust) -> None:
    assert ladder(trust, named, strategy, sureness) is goes


def test_every_strategy_says_what_to_do_however_sure() -> None:
    assert {strategy: set(presets) for strategy, presets in PRESETS.items()} == {strategy: set(Sureness) for strategy in Strategy}


def test_no_strategy_goes_further_than_one_that_is_surer() -> None:
    for strategy in (Strategy.ACTIVE, Strategy.HYBRID):
        for trust in Trust:
            sure, unsure = (ladder(trust, True, strategy, each) for each in (Sureness.SURE, Sureness.UNSURE))
            assert unsure.rung <= sure.rung <= trust.rung
