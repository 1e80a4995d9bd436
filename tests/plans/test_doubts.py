"""What keeps data goes back only with a person: stateful sets, objects of operators, workloads with volume claims (F15)."""

from __future__ import annotations

import pytest

from bot.plans.make import make
from bot.plans.plan import ByService, Plan
from tests.plans.conftest import Telling

PATH = "apps/prod/web/web.yaml"


def an_object(version: str, kind: str = "Deployment", api: str = "apps/v1", volumes: str = "") -> str:
    spec = f"spec: {{containers: [{{name: web, image: 'ghcr.io/x/web:{version}'}}]{volumes}}}"
    return f"apiVersion: {api}\nkind: {kind}\nmetadata: {{name: web}}\nspec: {{template: {{{spec}}}}}\n"


@pytest.mark.parametrize(
    ("more", "codes"),
    [
        pytest.param({}, [], id="a Deployment"),
        pytest.param({"volumes": ", volumes: [{name: a, emptyDir: {}}]"}, [], id="a volume that keeps nothing"),
        pytest.param({"volumes": ", volumes: [{name: a, persistentVolumeClaim: {claimName: a}}]"}, ["volume-claim"], id="a volume claim"),
        pytest.param({"kind": "StatefulSet"}, ["stateful"], id="a StatefulSet"),
        pytest.param({"kind": "CronJob", "api": "batch/v1"}, [], id="a CronJob"),
        pytest.param({"kind": "Rollout", "api": "argoproj.io/v1alpha1"}, [], id="a Rollout"),
        pytest.param({"kind": "Service", "api": "serving.knative.dev/v1"}, [], id="a Service of Knative"),
        pytest.param({"kind": "Kafka", "api": "kafka.strimzi.io/v1beta2"}, ["operated"], id="an object of an operator"),
    ],
)
def test_what_keeps_data_needs_a_person(tell: Telling, more: dict[str, str], codes: list[str]) -> None:
    state = tell({PATH: an_object("1.0", **more)}, {PATH: an_object("1.1", **more)})

    plan = make(ByService("web", "prod"), state)

    assert isinstance(plan, Plan)
    assert [objection.code for objection in plan.objections] == codes
