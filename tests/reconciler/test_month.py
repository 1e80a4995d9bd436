"""Months of virtual time; thousands of them are a bench (`make bench-chaos`)."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.reconciler.months import Month


@pytest.mark.timeout(600)
def test_no_month_breaks_a_law() -> None:
    run_state_machine_as_test(
        Month,
        settings=settings(
            max_examples=5,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
            phases=[Phase.generate],
        ),
    )
