"""The part of `.rollbot.yaml` about judgement: what evidence there is, what things cost, how sure it has to be."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from bot.attribution.evidence import Kind
from bot.config.fields import Duration, Text
from bot.config.strict import Strict
from bot.policy.judgement import Bounds, JudgementRules
from bot.policy.optimize.prices import Prices

JUDGEMENT, PRICES = JudgementRules(), Prices()
Price = Annotated[float, Field(ge=0, le=1_000_000, allow_inf_nan=False)]
Chance = Annotated[float, Field(gt=0, lt=1)]


class SeriesModel(Strict):
    """One measure of every service, asked of Prometheus when something is to be judged."""

    name: Annotated[Text, Field(description="What is measured: `errors`, `p99`, …")]
    kind: Annotated[Kind, Field(description="In which direction a change is bad.")]
    expr: Annotated[Text, Field(description="PromQL that answers one series a service.")]
    label: Annotated[str, Field(max_length=200, description="The label that names the service; otherwise as of alerts.")] = ""
    counter: Annotated[bool, Field(description="The values only rise: read as their increase.")] = False


class ThresholdsModel(Strict):
    """How likely a release has to be to blame. Left out: what the prices say."""

    act: Annotated[Chance | None, Field(description="From this probability on it acts.")] = None
    person: Annotated[Chance | None, Field(description="Below this probability a person is called.")] = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.act is not None and self.person is not None and self.person > self.act:
            raise ValueError("expected person to be at most act")
        return self

    def bounds(self) -> Bounds:
        return Bounds(self.act, self.person)


class PricesModel(Strict):
    """What things cost; the unit is a minute of damage by a critical symptom."""

    damage: Annotated[dict[str, Price], Field(description="Severity: what a minute costs; `*` for the others.")] = dict(PRICES.damage)
    rollback: Annotated[Price, Field(description="Any rollback, for the churn.")] = PRICES.rollback
    wrong_rollback: Annotated[Price, Field(description="On top, where the release was not to blame.")] = PRICES.wrong_rollback
    page: Annotated[Price, Field(description="To call a person.")] = PRICES.page
    data_risk: Annotated[Price, Field(description="On top, where nobody knows whether today's data suit the older version.")] = (
        PRICES.data_risk
    )
    shift: Annotated[Price, Field(description="To move traffic to an older version that still runs.")] = PRICES.shift
    halt: Annotated[Price, Field(description="To stop a rollout where it stands.")] = PRICES.halt
    fixed_in: Annotated[Duration, Field(description="Until a right rollback has helped.")] = PRICES.fixed_in
    person_in: Annotated[Duration, Field(description="Until a person who was called has helped.")] = PRICES.person_in
    shifted_in: Annotated[Duration, Field(description="Until traffic has moved.")] = PRICES.shifted_in
    look_every: Annotated[Duration, Field(ge=15, description="Between two looks while it waits for more evidence.")] = PRICES.look_every
    wait_most: Annotated[Duration, Field(le=3600, description="How long it waits for more evidence.")] = PRICES.wait_most
    learning: Annotated[float, Field(ge=0, le=10, description="How much a look tells, in nats.")] = PRICES.learning

    def prices(self) -> Prices:
        return Prices(**dict(self))
