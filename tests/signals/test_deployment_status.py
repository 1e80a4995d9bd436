"""GitHub's deployments: what failed is evidence, found by the commit that an image's tag was built from."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bot.signals.github import parse
from bot.signals.signal import Alert, ChangeEvent, Ignored, Status

PAYLOADS = Path(__file__).parents[2] / "fixtures" / "payloads" / "github"
NOW = 1_800_000_000.0


def failed(state: str = "failure") -> bytes:
    payload = json.loads((PAYLOADS / "deployment_status.failed.json").read_bytes())
    payload["deployment_status"]["state"] = state
    return json.dumps(payload).encode()


def heard(body: bytes) -> list[object]:
    found = parse(body, NOW, "deployment_status")
    assert not isinstance(found, Ignored)
    return list(found)


@pytest.mark.parametrize("state", ["failure", "error"])
def test_a_failed_deployment_is_evidence_and_a_hint(state: str) -> None:
    alert, hint = heard(failed(state))

    assert isinstance(alert, Alert) and isinstance(hint, ChangeEvent)
    assert (alert.name, alert.status, alert.severity, alert.started_at) == ("DeploymentFailed", Status.FIRING, "error", 1795143845.0)
    assert (alert.labels["env"], alert.labels["app"]) == ("production", "checkout")
    assert alert.labels["revision"] == hint.commits[0] == "f95f852bd8fca8fcc58a9a2d6c842781e32a215e"


def test_the_next_success_there_ends_it() -> None:
    over = heard(failed("success"))[0]
    fired = heard(failed())[0]

    assert isinstance(over, Alert) and isinstance(fired, Alert)
    assert (over.status, over.instance, over.fingerprint) == (Status.RESOLVED, "", fired.fingerprint)


@pytest.mark.parametrize("state", ["pending", "queued", "in_progress", "inactive", "waiting"])
def test_the_rest_is_a_hint(state: str) -> None:
    assert [type(signal) for signal in heard(failed(state))] == [ChangeEvent]
