"""The parameters that ship. `python bench/fit_blame.py` fits them anew; docs/judgement.md says what they were fitted on and reach."""

from __future__ import annotations

from bot.attribution.parameters import Delays, Parameters, Weights

SHIPPED = Parameters(
    fitted_on="340 labelled cases of 99 incidents of nezha-ob, nezha-tt, petshop, by bench/fit_blame.py",
    act_at=0.723,
    shows=1.25,
    weights=Weights(latency=1.703, errors=2.557, resources=2.708, calls=-1.477, deeper=1.196, callers=1.407, share=0.837),
    delays=Delays(median=253.11, spread=0.671, alert_lag=1.631, report_lag=3.744, weight=0.95),
    release=1.516,
    noise=3.14,
    noise_strength=0.08,
    noise_alerting=1.711,
    noise_report=-2.327,
    temperature=0.95,
)
