"""Argo CD's notifications: by the template that we ship, and by those that people write."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.errors import Refused
from bot.signals.argocd import parse
from bot.signals.signal import Alert, ChangeEvent, Ignored, Status

ROOT = Path(__file__).parents[2]
PAYLOADS = ROOT / "fixtures" / "payloads" / "argocd"
NOW = 1_800_000_000.0
SHA = "f3937462080c6946ff5ec4b5fa393e7c22388e4c"


def recorded(name: str, **changes: object) -> bytes:
    return json.dumps(json.loads((PAYLOADS / f"{name}.json").read_bytes()) | changes).encode()


def first(body: bytes) -> Alert:
    found = parse(body, NOW)
    assert not isinstance(found, Ignored), found
    assert isinstance(found[0], Alert)
    return found[0]


def test_a_degraded_application_fires_with_its_revision() -> None:
    alert = first(recorded("degraded"))

    assert (alert.name, alert.status, alert.severity, alert.started_at) == ("ArgoCDHealthDegraded", Status.FIRING, "error", 1795143845.0)
    assert alert.labels == {
        "argocd_app": "checkout-prod",
        "revision": SHA,
        "namespace": "shop",
        "cluster": "https://kubernetes.default.svc",
        "project": "shop",
    }


def test_of_several_sources_the_commit_is_the_revision() -> None:
    alert = first(recorded("sync_failed_multi_source"))

    assert (alert.name, alert.labels["revision"], alert.labels["cluster"]) == ("ArgoCDSyncFailed", SHA, "prod-eu1")


def test_deployed_and_healthy_ends_it_and_hints_at_what_arrived() -> None:
    found = parse(recorded("resolved"), NOW)
    assert not isinstance(found, Ignored)
    over, hint = found

    assert isinstance(over, Alert) and isinstance(hint, ChangeEvent)
    assert (over.status, over.fingerprint) == (Status.RESOLVED, first(recorded("degraded")).fingerprint)
    assert hint.commits == ("0badc0ffee0badc0ffee0badc0ffee0badc0ffee",)


@pytest.mark.parametrize(
    ("payload", "name"),
    [
        pytest.param({"app": "checkout", "revision": SHA, "health": "Degraded"}, "ArgoCDHealthDegraded", id="flat"),
        pytest.param({"appName": "checkout", "sha": SHA, "status": "failed"}, "ArgoCDHealthDegraded", id="a state only"),
        pytest.param({"app_name": "checkout", "commit": SHA, "trigger": "on-sync-failed"}, "ArgoCDSyncFailed", id="a trigger only"),
        pytest.param(
            {"app": {"metadata": {"name": "checkout"}, "status": {"sync": {"revision": SHA}, "health": {"status": "Degraded"}}}},
            "ArgoCDHealthDegraded",
            id="the whole application",
        ),
        pytest.param(
            {"embeds": [{"title": "x"}], "data": {"application": "checkout", "revision": SHA, "operation_phase": "Error"}},
            "ArgoCDSyncFailed",
            id="deeper down",
        ),
    ],
)
def test_templates_of_others_are_read_where_they_name_application_and_revision(payload: dict[str, Any], name: str) -> None:
    alert = first(json.dumps(payload).encode())

    assert (alert.name, alert.labels["argocd_app"], alert.labels["revision"]) == (name, "checkout", SHA)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        pytest.param({"health": {"status": "Progressing"}}, "neither trouble nor its end", id="under way"),
        pytest.param({"sync": {"revision": "a" * 40}}, "not what is live", id="another revision is live"),
    ],
)
def test_what_is_neither_is_left_alone(changes: dict[str, Any], why: str) -> None:
    found = parse(recorded("resolved", **changes), NOW)

    assert isinstance(found, Ignored) and why in found.why


def test_what_says_nothing_of_health_is_left_alone() -> None:
    assert isinstance(parse(json.dumps({"app": "checkout", "revision": SHA}).encode(), NOW), Ignored)


def test_the_example_of_the_documentation_names_no_application() -> None:
    body = json.dumps({"resources": [{"kind": "Deployment", "name": "test"}], "revision": SHA}).encode()

    with pytest.raises(Refused, match="names its application"):
        parse(body, NOW)


def rendered(template: str, app: dict[str, Any]) -> str:
    """What Go's templates make of ours: `toJson`, and `with … else … end`, innermost first."""

    def value(path: str, dot: Any) -> Any:
        for part in filter(None, path.removeprefix(".").split(".")):
            dot = dot.get(part) if isinstance(dot, dict) else None
        return dot

    def inside(text: str, dot: Any) -> str:
        block = re.search(r"\{\{with (\S+?)\}\}((?:(?!\{\{with)(?!\{\{end)[\s\S]|\{\{with[\s\S]*?\{\{end\}\})*)\{\{end\}\}", text)
        if block:
            then, _, other = block[2].rpartition("{{else}}")
            found = value(block[1], dot)
            return inside(text[: block.start()], dot) + (inside(then, found) if found else other) + inside(text[block.end() :], dot)
        return re.sub(r"\{\{toJson (\S+?)\}\}", lambda match: json.dumps(value(match[1], dot)), text)

    return inside(template, app)


@pytest.mark.parametrize("synced", [True, False])
def test_our_template_is_read_as_what_it_says(synced: bool) -> None:
    shipped = yaml.safe_load((ROOT / "deploy" / "argocd" / "notifications.yaml").read_text())["data"]
    body = yaml.safe_load(shipped["template.rollbot"])["webhook"]["rollbot"]["body"]
    operation = {"phase": "Failed", "message": 'it said "no"', "finishedAt": "2026-11-20T03:04:05Z", "syncResult": {"revision": SHA}}
    status = {
        "health": {"status": "Degraded"},
        "sync": {"status": "Synced", "revision": SHA},
        "operationState": operation if synced else None,
    }
    spec = {"project": "shop", "destination": {"namespace": "shop"}, "source": {"helm": {"values": "password: hunter2"}}}
    app = {"app": {"metadata": {"name": "checkout", "uid": "u"}, "spec": spec, "status": status}}

    text = rendered(body, app)

    alert = first(text.encode())
    assert (alert.name, alert.labels["argocd_app"]) == ("ArgoCDSyncFailed" if synced else "ArgoCDHealthDegraded", "checkout")
    assert "hunter2" not in text
    assert {entry["send"][0] for entry in yaml.safe_load(shipped["trigger.on-rollbot"])} == {"rollbot"}
