"""Argo Rollouts' notifications, by the template that we ship."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from bot.errors import Refused
from bot.signals.rollouts import parse
from bot.signals.signal import Alert, Ignored, Status

ROOT = Path(__file__).parents[2]
PAYLOADS = ROOT / "fixtures" / "payloads" / "rollouts"
NOW = 1_800_000_000.0


def recorded(name: str, **changes: object) -> bytes:
    return json.dumps(json.loads((PAYLOADS / f"{name}.json").read_bytes()) | changes).encode()


def first(body: bytes) -> Alert:
    found = parse(body, NOW)
    assert not isinstance(found, Ignored)
    assert isinstance(found[0], Alert)
    return found[0]


def test_an_aborted_rollout_fires() -> None:
    alert = first(recorded("aborted"))

    assert (alert.name, alert.status, alert.severity, alert.started_at) == ("RolloutAborted", Status.FIRING, "error", 1795143845.0)
    assert alert.labels == {
        "app_kubernetes_io_name": "checkout",
        "env": "prod",
        "rollbot": "act",
        "rollout": "checkout",
        "namespace": "shop",
        "image": "ghcr.io/acme/checkout:2.8.0",
    }


def test_health_ends_it_whatever_runs_by_then() -> None:
    over = first(recorded("resolved"))

    assert (over.status, over.instance, over.fingerprint) == (Status.RESOLVED, "", first(recorded("aborted")).fingerprint)


def test_degraded_is_trouble_too_and_another_build_another_instance() -> None:
    degraded = first(recorded("aborted", aborted=False, pod_hash="x"))

    assert degraded.name == "RolloutDegraded"
    assert degraded.instance != first(recorded("aborted")).instance


def test_what_is_under_way_is_left_alone() -> None:
    assert isinstance(parse(recorded("ignored.paused"), NOW), Ignored)


def test_another_template_is_refused() -> None:
    with pytest.raises(Refused, match=r"rollbot\.rollouts/v1"):
        parse(recorded("aborted", schema="mine"), NOW)


def test_what_we_ship_says_every_field_that_is_read_and_no_environment() -> None:
    shipped = yaml.safe_load((ROOT / "deploy" / "argo-rollouts" / "notifications.yaml").read_text())["data"]
    body = yaml.safe_load(shipped["template.rollbot"])["webhook"]["rollbot"]["body"]

    assert all(f'"{key}":' in body for key in json.loads(recorded("aborted")))
    assert "env" not in body
