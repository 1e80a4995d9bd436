"""How a down Job got on, as Argo CD tells of its hooks and Flux of a Kustomization that waits for it."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest

from bot.adapters.clusters.none import NoCluster
from bot.adapters.clusters.several import SeveralClusters
from bot.outcomes.job import JobRun, Phase
from tests.contracts.test_clusters import JOB, ArgoSite, FluxSite

HOOK = {"group": "batch", "version": "v1", "kind": "Job", "namespace": "shop", "hookType": "PreSync", "syncPhase": "PreSync"}


@pytest.mark.parametrize(
    ("name", "hook", "phase"),
    [
        pytest.param(JOB, "Running", Phase.RUNNING, id="it runs"),
        pytest.param(JOB, "Succeeded", Phase.SUCCEEDED, id="it succeeded"),
        pytest.param(f"prod-{JOB}-v1", "Succeeded", Phase.SUCCEEDED, id="a kustomization gave it a prefix"),
        pytest.param(JOB, "Failed", Phase.FAILED, id="it failed"),
        pytest.param(JOB, "Error", Phase.FAILED, id="it could not be run"),
        pytest.param(JOB, "Terminating", Phase.RUNNING, id="it is being ended"),
        pytest.param("another", "Succeeded", Phase.WAITING, id="another Job"),
    ],
)
def test_argo_cd(tmp_path: Path, name: str, hook: str, phase: Phase) -> None:
    with ExitStack() as stack:
        site = ArgoSite(tmp_path, stack)
        app = site.argo.apps["checkout-prod"]
        assert app.operation is not None
        app.operation["syncResult"]["resources"] = [{**HOOK, "name": name, "hookPhase": hook, "message": "Job has reached its limit"}]

        found = site.cluster.job(site.town.service(), JOB)

    assert found and (found.phase, found.where) == (phase, "Application argocd/checkout-prod")
    assert found.message == ("not seen in a sync yet" if phase is Phase.WAITING else "Job has reached its limit")


@pytest.mark.parametrize(
    ("unhealthy", "phase", "says"),
    [
        pytest.param(False, Phase.SUCCEEDED, "Applied revision", id="the Job is complete"),
        pytest.param(True, Phase.FAILED, "health check failed", id="the Job has failed"),
    ],
)
def test_flux(tmp_path: Path, unhealthy: bool, phase: Phase, says: str) -> None:
    with ExitStack() as stack:
        site = FluxSite(tmp_path, stack)
        site.flux.kustomization(JOB, f"./.rollbot/down/{JOB}")
        before = site.cluster.job(site.town.service(), JOB)
        site.flux.unhealthy = unhealthy
        site.town.pass_time(700)

        found = site.cluster.job(site.town.service(), JOB)

    assert before and before.phase in (Phase.RUNNING, Phase.SUCCEEDED)
    assert found and found.phase is phase and says in found.message and JOB in found.where


class Says(NoCluster):
    def __init__(self, run: JobRun | None) -> None:
        self.run = run

    def job(self, service: object, name: str) -> JobRun | None:
        return self.run


@pytest.mark.parametrize(
    ("runs", "phase"),
    [
        pytest.param([None, None], None, id="nobody can tell"),
        pytest.param([JobRun(Phase.WAITING), JobRun(Phase.SUCCEEDED)], Phase.SUCCEEDED, id="the other one delivers it"),
        pytest.param([JobRun(Phase.RUNNING), JobRun(Phase.SUCCEEDED)], Phase.RUNNING, id="not done everywhere"),
        pytest.param([JobRun(Phase.FAILED), JobRun(Phase.RUNNING)], Phase.FAILED, id="failed somewhere"),
    ],
)
def test_several(tmp_path: Path, runs: list[JobRun | None], phase: Phase | None) -> None:
    with ExitStack() as stack:
        service = ArgoSite(tmp_path, stack).town.service()

    found = SeveralClusters([Says(run) for run in runs]).job(service, JOB)

    assert (found.phase if found else None) is phase
