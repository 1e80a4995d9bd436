"""Flux's events: old and new metadata, every form of a revision, and what is no symptom of a release."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bot.signals.flux import parse
from bot.signals.signal import Alert, ChangeEvent, Ignored, Status

PAYLOADS = Path(__file__).parents[2] / "fixtures" / "payloads" / "flux"
NOW = 1_800_000_000.0
SHA = "731f7eaddfb6af01cb2173e18f0f75b0ba780ef1"


def recorded(name: str, **changes: object) -> bytes:
    return json.dumps(json.loads((PAYLOADS / f"{name}.json").read_bytes()) | changes).encode()


def first(body: bytes) -> Alert:
    found = parse(body, NOW)
    assert not isinstance(found, Ignored)
    assert isinstance(found[0], Alert)
    return found[0]


def test_a_failed_health_check_names_the_workload_and_the_commit() -> None:
    alert = first(recorded("failed"))

    assert (alert.name, alert.status, alert.severity, alert.started_at) == ("FluxHealthCheckFailed", Status.FIRING, "error", 1795143845.0)
    assert alert.labels == {
        "kind": "Kustomization",
        "kustomization": "shop",
        "deployment": "checkout",
        "namespace": "shop",
        "revision": SHA,
        "env": "prod",
        "rollbot": "act",
    }


def test_metadata_with_their_group_before_their_names_are_the_same() -> None:
    assert first(recorded("failed_old")).labels["revision"] == SHA


def test_success_ends_it_whatever_the_revision_and_hints_at_what_arrived() -> None:
    found = parse(recorded("resolved"), NOW)
    assert not isinstance(found, Ignored)
    over, hint = found

    assert isinstance(over, Alert) and isinstance(hint, ChangeEvent)
    assert (over.status, over.fingerprint, over.instance) == (Status.RESOLVED, first(recorded("failed")).fingerprint, "")
    assert hint.commits == ("0badc0ffee0badc0ffee0badc0ffee0badc0ffee",)


def test_the_same_failure_told_again_is_the_same_instance() -> None:
    later = first(recorded("failed", timestamp="2026-11-20T03:14:05Z"))

    assert later.instance == first(recorded("failed")).instance
    assert later.key != first(recorded("failed")).key


@pytest.mark.parametrize(
    ("revision", "said"),
    [
        pytest.param(f"main@sha1:{SHA}", SHA, id="branch and hash"),
        pytest.param(f"main/{SHA}", SHA, id="before Flux 2"),
        pytest.param(f"release/2026/{SHA}", SHA, id="a branch with a slash"),
        pytest.param(f"sha1:{SHA}", SHA, id="no branch"),
        pytest.param("2.8.0", "2.8.0", id="a chart"),
        pytest.param("latest@sha256:" + "0a" * 32, "latest@sha256:" + "0a" * 32, id="an artefact"),
        pytest.param("", None, id="none"),
    ],
)
def test_revisions(revision: str, said: str | None) -> None:
    assert first(recorded("failed", metadata={"revision": revision})).labels.get("revision") == said


def test_several_workloads_in_one_message_name_none() -> None:
    alert = first(recorded("failed", message="timeout waiting for: [Deployment/shop/checkout, Deployment/shop/cart]"))

    assert "deployment" not in alert.labels
    assert alert.labels["namespace"] == "flux-system"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        pytest.param({"severity": "info", "reason": "Progressing"}, "neither trouble nor its end", id="under way"),
        pytest.param(
            {"severity": "info", "reason": "RollbackSucceeded"}, "neither trouble nor its end", id="Helm took it back, Git did not"
        ),
        pytest.param({"reason": "ArtifactFailed"}, "no symptom of a release", id="the source"),
        pytest.param({"reason": "DependencyNotReady"}, "waits for another", id="a dependency"),
    ],
)
def test_what_is_left_alone_says_why(changes: dict[str, object], why: str) -> None:
    found = parse(recorded("failed", **changes), NOW)

    assert isinstance(found, Ignored) and why in found.why
