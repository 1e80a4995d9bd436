"""The parameters that ship. `python bench/fit_blame.py` fits them anew; docs/judgement.md says what they were fitted on and reach."""

from __future__ import annotations

from bot.attribution.parameters import Delays, Parameters, Weights

SHIPPED = Parameters(
    fitted_on="340 labelled cases of 99 incidents of nezha-ob, nezha-tt, petshop, by bench/fit_blame.py",
    act_at=0.873,
    weights=Weights(latency=1.583, errors=2.541, resources=2.66, calls=-1.471, deeper=1.231, callers=1.504, share=0.869),
    delays=Delays(median=177.0, spread=0.96, alert_lag=1.38, report_lag=2.88, weight=0.8),
    release=1.371,
    noise=2.796,
    noise_strength=1.522,
    temperature=1.1,
)
