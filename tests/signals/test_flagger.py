"""Flagger's events: canaries that failed and succeeded."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bot.signals.flagger import parse
from bot.signals.signal import Alert, Ignored, Status

PAYLOADS = Path(__file__).parents[2] / "fixtures" / "payloads" / "flagger"
NOW = 1_800_000_000.0


def recorded(name: str, **changes: object) -> bytes:
    return json.dumps(json.loads((PAYLOADS / f"{name}.json").read_bytes()) | changes).encode()


def first(body: bytes) -> Alert:
    found = parse(body, NOW)
    assert not isinstance(found, Ignored)
    assert isinstance(found[0], Alert)
    return found[0]


def test_a_failed_canary_fires_and_its_secret_is_no_label() -> None:
    alert = first(recorded("failed"))

    assert (alert.name, alert.status, alert.severity, alert.started_at) == ("CanaryFailed", Status.FIRING, "error", 1795143845.123)
    assert alert.labels == {"canary": "checkout", "namespace": "shop", "env": "prod", "rollbot": "act"}


def test_one_that_succeeded_ends_it() -> None:
    over = first(recorded("resolved"))

    assert (over.status, over.instance, over.fingerprint) == (Status.RESOLVED, "", first(recorded("failed")).fingerprint)


def test_another_build_is_another_instance() -> None:
    assert first(recorded("failed", checksum="x")).instance != first(recorded("failed")).instance


@pytest.mark.parametrize(
    "phase", ["Initialized", "Waiting", "Progressing", "Promoting", "Finalising", "WaitingPromotion", "Terminated", "?"]
)
def test_what_is_under_way_is_left_alone(phase: str) -> None:
    assert isinstance(parse(recorded("failed", phase=phase), NOW), Ignored)
