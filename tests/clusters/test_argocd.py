"""Argo CD asked over HTTP: which Applications deliver a service, what they run, and how they are."""

from __future__ import annotations

from typing import Any

import pytest

from bot.adapters.clusters.argocd.cluster import ArgoCluster
from bot.errors import Refused
from tests.clusters.argocd import App, FakeArgo
from tests.clusters.town import PROD, STAGING, START, Town


def test_it_says_which_commit_runs_since_when_and_what_ran_before(town: Town, argo: FakeArgo, cluster: ArgoCluster) -> None:
    first = town.origin.head()
    argo.add("checkout-prod", PROD)
    argo.add("checkout-staging", STAGING)
    town.pass_time(600)
    second = town.bump("1.1.0")
    town.pass_time(200)

    found = cluster.sync(town.service())

    assert found is not None
    assert (found.revision, found.healthy, found.where, found.others) == (second, True, "Application argocd/checkout-prod", ())
    assert found.since is not None and START + 600 < found.since <= town.time
    assert found.earlier == ((first, START),)


def test_what_was_not_compared_yet_runs_what_it_ran(town: Town, argo: FakeArgo, cluster: ArgoCluster) -> None:
    first = town.origin.head()
    argo.add("checkout-prod", PROD)
    town.bump("1.1.0")

    found = cluster.sync(town.service())

    assert found is not None and (found.revision, found.healthy) == (first, True)


def test_a_refresh_makes_it_look_now(town: Town, argo: FakeArgo, cluster: ArgoCluster) -> None:
    argo.add("checkout-prod", PROD)
    ours = town.bump("1.1.0")

    said = cluster.hasten(town.service(), ours)
    running = cluster.sync(town.service())
    town.pass_time(15)
    done = cluster.sync(town.service())

    assert said == ("Application argocd/checkout-prod was asked to look at Git",)
    assert running and running.revision != ours and "its sync is Running" in running.message and running.healthy is False
    assert done and (done.revision, done.healthy) == (ours, True)


def test_what_syncs_by_hand_is_named_with_its_command(town: Town, argo: FakeArgo, cluster: ArgoCluster) -> None:
    first = town.origin.head()
    argo.add("checkout-prod", PROD, automated=False)
    ours = town.bump("1.1.0")
    town.pass_time(600)
    cluster.hasten(town.service(), ours)

    found = cluster.sync(town.service())

    assert found and (found.revision, found.by_hand) == (first, "argocd app sync argocd/checkout-prod")
    assert f"OutOfSync, Healthy, compared with {ours[:12]}" in found.message


@pytest.mark.parametrize(
    ("policy", "by_hand"), [({"automated": {}}, False), ({"automated": {"enabled": False}}, True), ({}, True), (None, True)]
)
def test_automation_that_is_turned_off_is_no_automation(
    town: Town, argo: FakeArgo, cluster: ArgoCluster, policy: Any, by_hand: bool
) -> None:
    app = argo.add("checkout-prod", PROD)
    app.spec["syncPolicy"] = policy
    app.sync["status"] = "OutOfSync"

    found = cluster.sync(town.service())

    assert found and bool(found.by_hand) is by_hand


def test_a_sync_window_is_named(town: Town, argo: FakeArgo, cluster: ArgoCluster) -> None:
    argo.add("checkout-prod", PROD).window = False
    ours = town.bump("1.1.0")
    cluster.hasten(town.service(), ours)

    found = cluster.sync(town.service())

    assert found and "a sync window keeps it from syncing" in found.message


def test_a_stuck_operation_on_another_revision_is_ended_where_that_is_allowed(town: Town, argo: FakeArgo, cluster: ArgoCluster) -> None:
    app = argo.add("checkout-prod", PROD)
    app.stuck = True
    town.bump("1.1.0")
    town.pass_time(200)
    assert app.operation and app.operation["phase"] == "Running"
    ours = town.bump("1.0.0")
    merged = town.time
    town.pass_time(600)

    cluster.hasten(town.service(), ours)
    assert app.operation["phase"] == "Running"
    said = cluster.hasten(town.service(), ours, stuck=merged)
    town.pass_time(30)

    found = cluster.sync(town.service())
    assert "Application argocd/checkout-prod: the sync that held another revision was ended" in said
    assert found and found.revision == ours


def test_an_operation_on_our_own_revision_is_never_ended(town: Town, argo: FakeArgo, cluster: ArgoCluster) -> None:
    app = argo.add("checkout-prod", PROD)
    app.stuck = True
    ours = town.bump("1.1.0")
    town.pass_time(600)

    cluster.hasten(town.service(), ours, stuck=town.time)

    assert app.operation and app.operation["phase"] == "Running"
    assert not [asked for asked in argo.asked if asked.startswith("DELETE")]


def test_what_may_not_be_ended_is_said(town: Town, argo: FakeArgo, cluster: ArgoCluster) -> None:
    argo.add("checkout-prod", PROD).stuck = True
    town.bump("1.1.0")
    town.pass_time(200)
    ours = town.bump("1.0.0")
    argo.denied.add("sync")

    with pytest.raises(Refused, match="403: permission denied: applications, sync"):
        cluster.hasten(town.service(), ours, stuck=town.time)


def test_what_is_degraded_is_named(town: Town, argo: FakeArgo, cluster: ArgoCluster) -> None:
    app = argo.add("checkout-prod", PROD)
    app.health = "Degraded"
    ill = {"status": "Degraded", "message": 'exceeded its\n\x1b[31m "progress deadline"'}
    app.nodes = [{"kind": "Service", "name": "checkout"}, {"kind": "Deployment", "name": "checkout", "uid": "1", "health": ill}]

    found = cluster.sync(town.service())

    assert found and found.healthy is False
    assert found.message == 'Synced, Degraded: Deployment/checkout Degraded exceeded its [31m "progress deadline"'


def test_what_ails_another_service_of_the_same_application_is_not_held_against_ours(
    town: Town, argo: FakeArgo, cluster: ArgoCluster
) -> None:
    app = argo.add("everything", "apps")
    app.health = "Degraded"
    other = {"kind": "Deployment", "name": "frontend", "uid": "2", "health": {"status": "Degraded", "message": "crashes"}}
    ours = {"kind": "Deployment", "name": "checkout", "uid": "1", "health": {"status": "Healthy"}}
    pod = {"kind": "Pod", "name": "checkout-5d-x", "parentRefs": [{"uid": "1"}], "health": {"status": "Degraded"}}

    app.nodes = [other, ours]
    elsewhere = cluster.sync(town.service())
    app.nodes = [other, ours, pod]
    here = cluster.sync(town.service())

    assert elsewhere and elsewhere.healthy is True and "Deployment/frontend Degraded" in elsewhere.message
    assert here and here.healthy is False


@pytest.mark.parametrize(
    ("health", "expected"),
    [("Healthy", True), ("Progressing", False), ("Suspended", False), ("Missing", False), ("Unknown", None), ("", None)],
)
def test_only_healthy_is_healthy(town: Town, argo: FakeArgo, cluster: ArgoCluster, health: str, expected: bool | None) -> None:
    argo.add("checkout-prod", PROD).health = health

    found = cluster.sync(town.service())

    assert found and found.healthy is expected


def test_what_nothing_delivers_is_said_and_is_no_arrival(town: Town, argo: FakeArgo, cluster: ArgoCluster) -> None:
    argo.add("other", "elsewhere")

    found = cluster.sync(town.service())

    assert found and found.revision is None and "delivers prod/checkout" in found.message


def test_a_failed_sync_is_told(town: Town, argo: FakeArgo, cluster: ArgoCluster) -> None:
    app: App = argo.add("checkout-prod", PROD)
    app.sync["status"] = "Unknown"
    app.conditions = [{"type": "ComparisonError", "message": "failed to load target state: repository not found"}]

    found = cluster.sync(town.service())

    assert found and "ComparisonError: failed to load target state" in found.message
