"""The parameters that ship. `python bench/fit_blame.py` fits them anew; docs/judgement.md says what they were fitted on and reach."""

from __future__ import annotations

from bot.attribution.parameters import Delays, Parameters, Weights

SHIPPED = Parameters(
    fitted_on="340 labelled cases of 99 incidents of nezha-ob, nezha-tt, petshop, by bench/fit_blame.py",
    act_at=0.716,
    shows=1.25,
    weights=Weights(latency=1.685, errors=2.549, resources=2.762, calls=-1.398, deeper=1.198, callers=1.404, share=0.862),
    delays=Delays(median=253.11, spread=0.671, alert_lag=1.631, report_lag=3.744, weight=0.952),
    release=1.518,
    noise=3.129,
    noise_strength=0.037,
    noise_alerting=1.774,
    noise_report=-2.318,
    temperature=0.95,
)
