"""The commit that comes before a rollback: what it writes where, that it renders and is valid, and when there is none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
import yaml

from bot.objections import Objection
from bot.plans.database import verdict_of
from bot.plans.make import make
from bot.plans.plan import ByService, Plan
from bot.plans.sequence import with_down
from bot.releases.release import DesiredState
from tests.kustomize import built
from tests.releases.conftest import Telling

NAME = "rollbot-down-0123abcd"
OVERLAY = "apps/checkout/overlays/prod"
KUBERNETES = "1.31"
BASE = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: checkout
spec:
  replicas: 3
  selector:
    matchLabels: {app: checkout}
  template:
    metadata:
      labels: {app: checkout}
    spec:
      containers:
        - name: checkout
          image: registry.shop.example/checkout:1
"""
KUSTOMIZATION = """\
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
namespace: shop-prod
commonAnnotations:
  rollbot.dev/schema: "{schema}"
{more}resources:
  - ../../base  # shared
images:
  - name: registry.shop.example/checkout
    newTag: "{tag}"
"""
BAD = "  rollbot.dev/migration: contract\n  rollbot.dev/down-job: .rollbot/jobs/down.yaml\n"
WRITERS = "  rollbot.dev/stop-writers: Deployment/checkout\n"
JOB = """\
# applied by nobody
apiVersion: batch/v1
kind: Job
metadata:
  name: checkout-down   # ours
  labels: {app: checkout-down}
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
        - name: down
          image: registry.shop.example/checkout
          command: [alembic, downgrade, "40"]
          env:
            - name: DATABASE_URL
              valueFrom: {secretKeyRef: {name: checkout, key: url}}
"""
APPLICATION = """\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: checkout, namespace: argocd}
spec:
  source: {repoURL: https://git.example/shop, path: apps/checkout/overlays/prod}
"""
FLUX = """\
# who delivers what
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: checkout
  namespace: flux-system
spec:
  interval: 10m
  path: ./apps/checkout/overlays/prod
  prune: true
  sourceRef:
    kind: GitRepository
    name: shop  # this one
  serviceAccountName: shop
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: other
  namespace: flux-system
spec:
  interval: 10m
  path: ./apps/other
  prune: true
  sourceRef:
    kind: GitRepository
    name: shop
"""
OURS = {
    "type": "object",
    "required": ["apiVersion", "kind", "metadata", "spec"],
    "properties": {
        "apiVersion": {"const": "kustomize.toolkit.fluxcd.io/v1"},
        "spec": {
            "type": "object",
            "required": ["interval", "prune", "sourceRef"],
            "additionalProperties": False,
            "properties": {
                "interval": {"type": "string", "pattern": "^([0-9]+(\\.[0-9]+)?(ms|s|m|h))+$"},
                "timeout": {"type": "string", "pattern": "^([0-9]+(\\.[0-9]+)?(ms|s|m|h))+$"},
                "path": {"type": "string", "pattern": "^\\./"},
                "prune": {"type": "boolean"},
                "wait": {"type": "boolean"},
                "serviceAccountName": {"type": "string"},
                "sourceRef": {"type": "object", "required": ["kind", "name"]},
                "dependsOn": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["name"],
                        "properties": {"name": {"type": "string"}},
                        "additionalProperties": False,
                    },
                },
            },
        },
    },
}
"""What of a Flux Kustomization we write (https://fluxcd.io/flux/components/kustomize/api/v1/), and nothing else."""


@pytest.fixture
def told() -> Telling:
    return Telling()


def told_of(told: Telling, delivery: dict[str, str], more: str = BAD, job: str | None = JOB, older: str = "") -> DesiredState:
    files: dict[str, str] = {"apps/checkout/base/deployment.yaml": BASE, **delivery}
    files["apps/checkout/base/kustomization.yaml"] = "resources: [deployment.yaml]\n"
    files |= {".rollbot/jobs/down.yaml": job} if job else {}
    told.commit("First", {**files, f"{OVERLAY}/kustomization.yaml": KUSTOMIZATION.format(schema=40, more=older, tag="2.7.0")})
    told.commit("Second", {f"{OVERLAY}/kustomization.yaml": KUSTOMIZATION.format(schema=43, more=more, tag="2.8.0")})
    return told.state()


def planned(state: DesiredState) -> Plan | Objection:
    plan = make(ByService("checkout", "prod"), state)
    assert isinstance(plan, Plan)
    found = verdict_of(plan, state)
    assert found
    return with_down(plan, state, found, NAME)


def checked_out(told: Telling, plan: Plan, folder: Path) -> None:
    """The tree with the plan's commit on top."""
    for path, text in {**told.tree, **plan.files}.items():
        assert text is not None
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(text)


def valid(objects: list[dict[str, Any]]) -> None:
    for each in objects:
        if each["apiVersion"].startswith("kustomize.toolkit"):
            jsonschema.validate(each, OURS)
        else:
            kubernetes_validate.validate(each, KUBERNETES, strict=True)


def loaded(text: bytes | None) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(text or b""))


@pytest.mark.parametrize("writers", [False, True], ids=["writers run on", "writers stand still"])
def test_a_hook_of_argo_cd(told: Telling, tmp_path: Path, writers: bool) -> None:
    state = told_of(told, {"clusters/checkout.yaml": APPLICATION}, BAD + (WRITERS if writers else ""))

    plan = planned(state)

    assert isinstance(plan, Plan) and plan.down
    assert (plan.down.by, plan.down.image, plan.down.came, plan.down.leaves) == (
        "Argo CD",
        "registry.shop.example/checkout:2.8.0",
        "43",
        "40",
    )
    job, marker = loaded(plan.files[f"{OVERLAY}/{NAME}.yaml"])
    valid([job, marker])
    hook = {key.rpartition("/")[2]: value for key, value in job["metadata"]["annotations"].items()}
    assert hook == ({"hook": "Sync", "sync-wave": "100"} if writers else {"hook": "PreSync"}) | {"hook-delete-policy": "HookFailed"}
    assert (job["spec"]["backoffLimit"], job["spec"]["activeDeadlineSeconds"]) == (0, 900)
    assert (marker["kind"], marker["metadata"]["name"]) == ("ConfigMap", NAME)
    listing = (plan.files[f"{OVERLAY}/kustomization.yaml"] or b"").decode()
    before = told.tree[f"{OVERLAY}/kustomization.yaml"].decode()
    assert listing == before.replace("  - ../../base", f"  - {NAME}.yaml\n  - ../../base")
    assert set(plan.files) == {f"{OVERLAY}/{NAME}.yaml", f"{OVERLAY}/kustomization.yaml"} | (
        {"apps/checkout/base/deployment.yaml"} if writers else set()
    )
    checked_out(told, plan, tmp_path)
    objects = {each["kind"]: each for each in built(tmp_path / OVERLAY)}
    valid(list(objects.values()))
    assert objects.keys() == {"Deployment", "Job", "ConfigMap"}
    assert (objects["Job"]["metadata"]["name"], objects["Job"]["metadata"]["namespace"]) == (NAME, "shop-prod")
    assert objects["Job"]["spec"]["template"]["spec"]["containers"][0]["image"] == "registry.shop.example/checkout:2.8.0"
    assert objects["Deployment"]["spec"]["replicas"] == (0 if writers else 3)


@pytest.mark.parametrize("writers", [False, True], ids=["writers run on", "writers stand still"])
def test_a_kustomization_of_flux(told: Telling, tmp_path: Path, writers: bool) -> None:
    state = told_of(told, {"clusters/shop.yaml": FLUX}, BAD + (WRITERS if writers else ""))

    plan = planned(state)

    assert isinstance(plan, Plan) and plan.down and plan.down.by == "Flux"
    service, other, ours = loaded(plan.files["clusters/shop.yaml"])
    valid([service, other, ours])
    assert service["spec"].get("dependsOn") == (None if writers else [{"name": NAME}])
    assert ours["spec"].get("dependsOn") == ([{"name": "checkout"}] if writers else None)
    assert other == loaded(FLUX.encode())[1]
    assert ours["metadata"] == {"name": NAME, "namespace": "flux-system"}
    assert ours["spec"]["sourceRef"] == {"kind": "GitRepository", "name": "shop"}
    assert (ours["spec"]["path"], ours["spec"]["wait"], ours["spec"]["serviceAccountName"]) == (f"./.rollbot/down/{NAME}", True, "shop")
    assert "  - ../../base  # shared" in (told.tree[f"{OVERLAY}/kustomization.yaml"]).decode()
    checked_out(told, plan, tmp_path)
    [job] = built(tmp_path / f".rollbot/down/{NAME}")
    valid([job, *built(tmp_path / "clusters")])
    assert (job["metadata"]["name"], job["metadata"].get("annotations")) == (NAME, None)
    assert job["spec"]["template"]["spec"]["containers"][0]["image"] == "registry.shop.example/checkout:2.8.0"


def test_one_more_dependency_stands_beside_the_others(told: Telling) -> None:
    flux = FLUX.replace("  interval: 10m\n", "  dependsOn:\n    - name: database\n  interval: 10m\n", 1)

    plan = planned(told_of(told, {"clusters/shop.yaml": flux}))

    assert isinstance(plan, Plan)
    assert loaded(plan.files["clusters/shop.yaml"])[0]["spec"]["dependsOn"] == [{"name": NAME}, {"name": "database"}]


def test_a_plain_folder_needs_no_list(told: Telling) -> None:
    notes = {"schema": "43", "migration": "contract", "down-job": ".rollbot/jobs/down.yaml"}
    path = "apps/prod/checkout/deployment.yaml"
    application = APPLICATION.replace(OVERLAY, "apps/prod/checkout")
    files = {path: BASE, "clusters/checkout.yaml": application, ".rollbot/jobs/down.yaml": JOB}
    told.commit(
        "First", {**files, path: BASE.replace("  name: checkout\n", '  name: checkout\n  annotations: {rollbot.dev/schema: "40"}\n', 1)}
    )
    said = json.dumps({f"rollbot.dev/{key}": value for key, value in notes.items()})
    newer = BASE.replace("  name: checkout\n", f"  name: checkout\n  annotations: {said}\n", 1).replace("checkout:1", "checkout:2")
    told.commit("Second", {path: newer})

    plan = planned(told.state())

    assert isinstance(plan, Plan) and set(plan.files) == {f"apps/prod/checkout/{NAME}.yaml"}


def test_a_job_that_says_whose_it_is_needs_no_application(told: Telling) -> None:
    hooked = JOB.replace("  labels:", "  annotations: {argocd.argoproj.io/hook: Skip}\n  labels:")

    plan = planned(told_of(told, {}, job=hooked.replace("{argocd.argoproj.io/hook: Skip}", "\n    argocd.argoproj.io/hook: Skip")))

    assert isinstance(plan, Plan) and plan.down and plan.down.path == f"{OVERLAY}/{NAME}.yaml"


def without(text: str, *lines: str) -> str:
    return "".join(line for line in text.splitlines(keepends=True) if not any(each in line for each in lines))


@pytest.mark.parametrize(
    ("job", "code", "says"),
    [
        pytest.param(None, "down-job-missing", "is not there at HEAD", id="missing"),
        pytest.param("a: [", "down-job-unreadable", "no YAML", id="no YAML"),
        pytest.param(JOB.replace("kind: Job", "kind: CronJob"), "down-job-unreadable", "one Job of batch/v1", id="no Job"),
        pytest.param(f"{JOB}---\n{JOB}", "down-job-unreadable", "one Job of batch/v1", id="two of them"),
        pytest.param(JOB.replace("  name: checkout-down", "  generateName: down-"), "down-job-unreadable", "name of its own", id="no name"),
        pytest.param(
            JOB.replace("spec:\n", "spec:\n  ttlSecondsAfterFinished: 60\n", 1), "down-job-unreadable", "seen to end", id="it goes"
        ),
        pytest.param(JOB.replace("checkout\n", "migrator\n"), "down-job-image", "only the bad image knows", id="another image"),
        pytest.param(
            JOB.replace("  labels:", '  annotations: {rollbot.dev/down-to: "42"}\n  labels:'),
            "down-job-short",
            "needs schema 40, and the down Job goes back to 42",
            id="not far enough",
        ),
        pytest.param(
            without(JOB, "name: checkout-down", "labels").replace("metadata:", "metadata: {name: d}"),
            "down-job-inexact",
            "block style",
            id="flow",
        ),
    ],
)
def test_a_job_that_cannot_be_run_is_an_objection_with_its_place(told: Telling, job: str | None, code: str, says: str) -> None:
    found = planned(told_of(told, {"clusters/checkout.yaml": APPLICATION}, job=job))

    assert isinstance(found, Objection) and (found.code, says in found.why) == (code, True), found
    assert found.path


@pytest.mark.parametrize(
    ("delivery", "more", "code"),
    [
        pytest.param({}, BAD, "down-job-undelivered", id="nobody is known to deliver it"),
        pytest.param(
            {"clusters/checkout.yaml": APPLICATION}, BAD + WRITERS.replace("/checkout", "/worker"), "writers-unknown", id="unknown writers"
        ),
        pytest.param(
            {"clusters/checkout.yaml": APPLICATION, f"{OVERLAY}/Chart.yaml": "name: x\n"}, BAD, "down-job-undelivered", id="a chart"
        ),
    ],
)
def test_what_cannot_be_delivered_is_an_objection(told: Telling, delivery: dict[str, str], more: str, code: str) -> None:
    found = planned(told_of(told, delivery, more))

    assert isinstance(found, Objection) and found.code == code, found
    assert found.path
